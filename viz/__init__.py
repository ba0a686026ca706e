"""Seeing: graphs of either engine as data, as pictures and as text."""

from viz.draw import Drawing as Drawing, draw as draw, draw_dot as draw_dot
from viz.graph import Graph as Graph, trace as trace
