"""L = f(y1, y2), where y1 = g1(x1, x2) and y2 = g2(x2, x3): two paths meet at x2, and their products add up.

dL/dx1 = 21
dL/dx2 = 10 = 7 by y1 + 3 by y2
dL/dx3 = 3
"""

import viz
from scalar import Value

x1, x2, x3 = (Value(number, label=f"x{i}") for i, number in enumerate((1.0, 3.0, 4.0), start=1))
y1, y2 = x1 * x2, x2 + x3
y1.label, y2.label = "y1", "y2"
L = y1 * y2
L.label = "L"
L.backward()

print(f"dL/dx1 = {x1.grad:g}")
by_y1, by_y2 = (path.product for path in viz.explain(x2, L).paths)
print(f"dL/dx2 = {x2.grad:g} = {by_y1:g} by y1 + {by_y2:g} by y2")
print(f"dL/dx3 = {x3.grad:g}")
