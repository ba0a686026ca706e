"""Laws of the cards: what they say is what the ops compute, and they can be shown anywhere."""

from __future__ import annotations

import math
import operator
import re
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given, settings, strategies as st

import ops
from ops import kinds
from ops.card import Card
from ops.letters import letter
from ops.notation import latex, text

EVERY_OP = [pytest.param(op, id=name) for name, op in ops.REGISTRY.items()]
POINTWISE = [pytest.param(op, id=name) for name, op in ops.REGISTRY.items() if op.kind == "pointwise"]
VOID = ("br", "hr", "img", "meta")

# What a card says, written by hand: the op, the row's header, its lines in text, its lines in LaTeX.
# fmt: off
GOLDEN = [
    ("tanh", "formula", ["y = tanh(x)"], [r"y = \tanh(x)"]),
    ("tanh", "partials", ["dy/dx = 1 - y**2"], [r"\frac{\partial y}{\partial x} = 1 - y^2"]),
    ("tanh", "sampled on", ["x in [-3, 3]"], [r"x \in [-3, 3]"]),
    ("tanh", "source", ["DLMF 4.28"], [r"\text{source: DLMF 4.28}"]),
    ("mul", "formula", ["y = a*b"], [r"y = a\,b"]),
    ("mul", "partials", ["dy/da = b", "dy/db = a"],
     [r"\frac{\partial y}{\partial a} = b", r"\frac{\partial y}{\partial b} = a"]),
    ("div", "formula", ["y = a/b"], [r"y = \frac{a}{b}"]),
    ("div", "partials", ["dy/da = 1/b", "dy/db = -y/b"],
     [r"\frac{\partial y}{\partial a} = \frac{1}{b}", r"\frac{\partial y}{\partial b} = -\frac{y}{b}"]),
    ("div", "sampled on", ["a in [-3, 3]", "b in [0.5, 3]"], [r"a \in [-3, 3]", r"b \in [0.5, 3]"]),
    ("relu", "formula", ["y = maximum(x, 0)"], [r"y = \max(x, 0)"]),
    ("relu", "partials", ["dy/dx = [x > 0]"], [r"\frac{\partial y}{\partial x} = [x > 0]"]),
    ("sigmoid", "formula", ["y = where(x >= 0, 1, exp(-abs(x)))/(1 + exp(-abs(x)))"],
     [r"y = \frac{\begin{cases} 1 & \text{if } x \ge 0 \\ e^{-\left|x\right|} & \text{otherwise} \end{cases}}"
      r"{1 + e^{-\left|x\right|}}"]),
    ("sigmoid", "partials", ["dy/dx = y*sigmoid(-x)"], [r"\frac{\partial y}{\partial x} = y\,\sigma(-x)"]),
    ("pow", "formula", ["y = x**exponent"], [r"y = x^{\mathit{exponent}}"]),
    ("pow", "partials", ["dy/dx = exponent*x**(exponent - 1)"],
     [r"\frac{\partial y}{\partial x} = \mathit{exponent}\,x^{\mathit{exponent} - 1}"]),
    ("pow", "parameters", ["exponent, always given"], [r"\mathit{exponent}\text{, always given}"]),
    ("power", "formula", ["y = a**b"], [r"y = a^b"]),
    ("power", "partials", ["dy/da = b*a**where(abs(a) <= 0 and abs(b) <= 0, 0, b - 1)",
      "dy/db = y*log(where(abs(a) <= 0 and b >= 0, 1, a))"],
     [r"\frac{\partial y}{\partial a} = b\,a^{\begin{cases} 0 & \text{if } \left|a\right| \le 0 \land "
      r"\left|b\right| \le 0 \\ b - 1 & \text{otherwise} \end{cases}}",
      r"\frac{\partial y}{\partial b} = y\,\ln\left(\begin{cases} 1 & \text{if } \left|a\right| \le 0 \land b \ge 0 "
      r"\\ a & \text{otherwise} \end{cases}\right)"]),
    ("where", "formula", ["y = where(condition, a, b)"],
     [r"y = \begin{cases} a & \text{if } \mathit{condition} \\ b & \text{otherwise} \end{cases}"]),
    ("where", "partials", ["dy/dcondition: none", "dy/da = condition", "dy/db = [not condition]"],
     [r"\frac{\partial y}{\partial \mathit{condition}}\text{: none}",
      r"\frac{\partial y}{\partial a} = \mathit{condition}",
      r"\frac{\partial y}{\partial b} = [\lnot \mathit{condition}]"]),
    ("maximum", "formula", ["y = maximum(a, b)"], [r"y = \max(a, b)"]),
    ("maximum", "partials", ["dy/da = [a >= b]", "dy/db = [a < b]"],
     [r"\frac{\partial y}{\partial a} = [a \ge b]", r"\frac{\partial y}{\partial b} = [a < b]"]),
    ("gelu", "formula",
     ["y = x*erfc(-x/1.41421)/2, for approximate = 'none'",
      "y = x*sigmoid(2*sqrt(2/pi)*(x + 0.044715*x**3)), for approximate = 'tanh'"],
     [r"y = x\,\frac{\operatorname{erfc}\left(-\frac{x}{1.41421}\right)}{2}\text{, for approximate = 'none'}",
      r"y = x\,\sigma\left(2\,\sqrt{\frac{2}{\pi}}\,(x + 0.044715\,x^3)\right)"
      r"\text{, for approximate = 'tanh'}"]),
    ("gelu", "parameters", ["approximate = 'none'"], [r"\mathit{approximate} = \texttt{'none'}"]),
    ("clip", "partials", ["dy/dx = [x >= low and x <= high]"],
     [r"\frac{\partial y}{\partial x} = [x \ge \mathit{low} \land x \le \mathit{high}]"]),
    ("logsumexp", "partials", ["dy/dx = softmax(x, axis=axis)"],
     [r"\frac{\partial y}{\partial x} = \operatorname{softmax}_{\mathit{axis}}(x)"]),
    ("logsumexp", "parameters", ["axis = None", "keepdims = False"],
     [r"\mathit{axis} = \texttt{None}", r"\mathit{keepdims} = \texttt{False}"]),
    ("matmul", "formula", ["y = a @ b"], [r"y = a\,b"]),
    ("matmul", "adjoint of a", ["dL/da = g @ b.mT"], [r"\frac{\partial L}{\partial a} = g\,b^{\mathsf{T}}"]),
    ("matmul", "adjoint of b", ["dL/db = a.mT @ g"], [r"\frac{\partial L}{\partial b} = a^{\mathsf{T}}\,g"]),
    ("reshape", "formula", ["y = reshape(x, shape)"], [r"y = \operatorname{reshape}(x, \mathit{shape})"]),
    ("reshape", "adjoint", ["dL/dx = reshape(g, x.shape)"],
     [r"\frac{\partial L}{\partial x} = \operatorname{reshape}(g, \mathrm{shape}(x))"]),
    ("softmax", "vjp", ["dL/dx = y*(g - sum(g*y, axis=axis, keepdims=True))"],
     [r"\frac{\partial L}{\partial x} = y\,\left(g - \sum_{\mathit{axis}} g\,y\right)"]),
    ("softmax", "jvp", ["t_y = y*(t - sum(t*y, axis=axis, keepdims=True))"],
     [r"t_y = y\,\left(t - \sum_{\mathit{axis}} t\,y\right)"]),
]
# fmt: on


def row(card: Card, header: str) -> list:
    return [line for each in card.rows if each.header == header for line in each.lines]


class Table(HTMLParser):
    """Tags that are open, tags that were seen, and the words between them."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.seen, self.words = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture
def declared():
    """Runs the source of a cell as a notebook would, and forgets the ops that it declared."""
    before = set(ops.REGISTRY)
    yield lambda cell: exec(cell, {"kinds": kinds})
    for name in set(ops.REGISTRY) - before:
        ops.forget(name)


# the content


@pytest.mark.parametrize(("name", "header", "in_text", "in_latex"), GOLDEN)
def test_a_card_says_what_a_person_would_write(name, header, in_text, in_latex):
    lines = row(ops.card(ops.REGISTRY[name]), header)
    assert [line.text for line in lines] == in_text
    assert [line.latex for line in lines] == in_latex


def test_the_whole_text_of_a_card_reads_as_a_table():
    assert ops.card(ops.leaky_relu).text().splitlines() == [
        "leaky_relu(x, /, slope=0.01)",
        "Leaky rectifier, x above 0 and `slope` times x below; its slope at 0 is `slope`.",
        "",
        "kind        pointwise: y depends on the elements at its own place alone: one partial derivative per argument.",
        "formula     y = where(x > 0, x, slope*x)",
        "partials    dy/dx = slope + (1 - slope)*[x > 0]",
        "sampled on  x in [-3, 3]",
        "parameters  slope = 0.01",
        "source      Maas et al. 2013",
    ]


def test_a_rule_that_looks_at_shapes_shows_its_source():
    lines = row(ops.card(ops.mean), "formula")
    assert [line.text for line in lines] == [
        "by mean:",
        "return xp.sum(x, axis=axis, keepdims=keepdims) / _size(x, axis)",
    ]
    assert r"\text{Mean, }y = \frac{1}{n} \sum_i x_i\text{; NaN of no elements.}" in ops.card(ops.mean).latex()


def test_a_rule_that_looks_at_its_numbers_shows_its_source():
    partials = row(ops.card(ops.prod), "partials")[1].text
    assert partials.splitlines()[:2] == [
        "if _size(x, axis) == 0 or (_size(x, axis) > FEW and _can_be_divided(xp, y, x)):",
        "    return (y / x,)",
    ]


def test_a_rule_that_writes_into_an_array_shows_its_source():
    assert "xp.add_at(total, index, x)" in row(ops.card(ops.scatter_add), "formula")[1].text


@pytest.mark.parametrize("op", POINTWISE)
def test_the_written_formula_computes_what_the_op_computes(op):
    for params, args, formulas in _readings(op, "formula"):
        assert _evaluated(formulas[0], params, op.arrays, args, None) == pytest.approx(op(*args, **params), rel=1e-4)


@pytest.mark.parametrize("op", POINTWISE)
def test_the_written_partials_are_the_slopes_of_the_op(op):
    for params, args, formulas in _readings(op, "partials"):
        y = op(*args, **params)
        for i, formula in enumerate(formulas):
            if not formula.endswith(": none"):
                slope = _slope(op, args, i, params)
                assert _evaluated(formula, params, op.arrays, args, y) == pytest.approx(slope, rel=1e-4, abs=1e-6)


def _readings(op, header):
    """The op's samples with numbers from its domain, and the lines that the card has for them."""
    lines = [line.text for line in row(ops.card(op), header)]
    for sample in op.samples:
        params = {**op.defaults, **sample.params}
        chosen = [f", for {k} = {v!r}" for k, v in params.items() if isinstance(v, str)]
        formulas = [line.partition(", for ")[0] for line in lines if not chosen or line.endswith(chosen[0])]
        if None not in params.values():
            for share in (0.12, 0.45, 0.81):
                yield params, _numbers(op.domain, share), formulas


def _numbers(domain, share):
    intervals = [(0.0, 1.0) if interval is None else interval for interval in domain]
    shares = [(share + 0.37 * i) % 1 for i in range(len(intervals))]
    return [share > 0.4 if d is None else low + (high - low) * share
            for d, (low, high), share in zip(domain, intervals, shares)]  # fmt: skip


def _evaluated(formula, params, names, args, y):
    right = re.sub(r"\[([^][]*)\]", r"float(\1)", formula.partition(" = ")[2])
    return eval(
        right,
        {
            **ops.REGISTRY,
            "log1p": math.log1p,
            "erfc": math.erfc,
            "pi": math.pi,
            "y": y,
            **params,
            **dict(zip(names, args)),
        },
    )


def _slope(op, args, i, params, h=1e-5):
    above, below = ([*args[:i], args[i] + step, *args[i + 1 :]] for step in (h, -h))
    return (op(*above, **params) - op(*below, **params)) / (2 * h)


# the notation

FORMULAS = st.recursive(
    st.sampled_from(["x", "y", 0, 1, 2, 3]),
    lambda part: st.one_of(
        st.tuples(st.sampled_from([operator.add, operator.sub, operator.mul, operator.truediv]), part, part),
        st.tuples(st.just(operator.neg), part),
        st.tuples(st.just(operator.pow), part, st.sampled_from([1, 2, 3])),
    ),
    max_leaves=8,
)


def _built(tree, leaf):
    if not isinstance(tree, tuple):
        return leaf(tree)
    if tree[0] is operator.pow:
        return _built(tree[1], leaf) ** tree[2]
    return tree[0](*(_built(part, leaf) for part in tree[1:]))


@settings(max_examples=300, deadline=None)
@given(FORMULAS)
def test_tidying_and_leaving_out_brackets_never_change_a_value(tree):
    letters = {"x": Fraction(7, 5), "y": Fraction(-3, 11), "F": Fraction}
    try:
        value = _built(tree, lambda leaf: letters[leaf] if isinstance(leaf, str) else Fraction(leaf))
    except ZeroDivisionError:
        assume(False)
    written = text(_built(tree, letter))
    assert eval(re.sub(r"\b(\d+)\b", r"F(\1)", written), letters) == value


x, a, b = letter("x"), letter("a"), letter("b")


@pytest.mark.parametrize(
    ("formula", "in_text", "in_latex"),
    [
        (x * x * x, "x**3", "x^3"),
        (0 - (0 - x), "x", "x"),
        (0 * x + 1 * a, "a", "a"),
        (a - -b, "a + b", "a + b"),
        (-x * x / 2, "-x**2/2", r"-\frac{x^2}{2}"),
        (a - (b - x), "a - (b - x)", "a - (b - x)"),
        ((a + b) ** 2, "(a + b)**2", "(a + b)^2"),
        (-x.__pow__(2), "-x**2", "-x^2"),
        ((-x) ** 2, "(-x)**2", "(-x)^2"),
        (x**-1.5, "x**(-1.5)", "x^{-1.5}"),
        (2**x, "2**x", "2^x"),
        (x**0.5, "sqrt(x)", r"\sqrt{x}"),
        (a / (b * x), "a/(b*x)", r"\frac{a}{b\,x}"),
        ((a / b) ** 2, "(a/b)**2", r"\left(\frac{a}{b}\right)^2"),
        (a @ b @ x, "a @ b @ x", r"(a\,b)\,x"),
        (a @ (b * x), "a @ (b*x)", r"a\,(b\,x)"),
        (a * (b @ x), "a*(b @ x)", r"a\,(b\,x)"),
        ((x > 0) * a, "[x > 0]*a", r"[x > 0]\,a"),
        (~(x == 0), "[x != 0]", r"[x \ne 0]"),
        (~((x > 0) | (x < a)), "[not [x > 0 or x < a]]", r"[\lnot [x > 0 \lor x < a]]"),
        (1e-12 * x, "1e-12*x", r"1 \cdot 10^{-12}\,x"),
        (x * 2.5, "x*2.5", r"x \cdot 2.5"),
        (x * float("inf"), "x*inf", r"x\,\infty"),
        (letter("beta1") * letter("t_a"), "beta1*t_a", r"\beta_1\,t_a"),
        (letter("pad_width"), "pad_width", r"\mathit{pad\_width}"),
    ],
)  # fmt: skip
def test_a_formula_is_written_as_on_paper(formula, in_text, in_latex):
    assert (text(formula), latex(formula)) == (in_text, in_latex)


# the three forms


@pytest.mark.parametrize("op", EVERY_OP)
def test_every_op_has_a_card_with_a_formula_and_all_its_rules(op):
    card = ops.card(op)
    headers = [each.header for each in card.rows]
    assert {"kind", "formula", "sampled on", *(role.removeprefix("def") for role in op.roles)} <= set(headers)
    assert str(card) == card.text()
    assert card.text().startswith(f"{op.name}(")
    assert "not declared yet" not in card.text()
    assert "cannot be read" not in card.text()


@pytest.mark.parametrize("op", EVERY_OP)
def test_every_card_is_balanced_latex(op):
    written = ops.card(op).latex()
    bare = re.sub(r"\\[{}]", "", written)
    assert bare.count("{") == bare.count("}")
    assert written.count(r"\left") == written.count(r"\right")
    assert len(re.findall(r"\\begin\{\w+\}", written)) == len(re.findall(r"\\end\{\w+\}", written))
    assert "$" not in written.replace(r"\$", "")


@pytest.mark.parametrize("op", EVERY_OP)
def test_every_card_is_a_table_with_row_headers_that_reaches_for_nothing_outside(op):
    html = ops.card(op).html()
    table = Table(html)
    assert not table.open
    assert [attrs["scope"] for tag, attrs in table.seen if tag == "th"] == ["row"] * len(ops.card(op).rows)
    assert not {"script", "style", "link", "img"} & {tag for tag, _ in table.seen}
    assert not re.search(r"https?:|url\(|src=|#[0-9a-fA-F]{3}", html)
    assert all(line.text in table.words for each in ops.card(op).rows for line in each.lines)


def test_an_op_alone_in_a_cell_shows_its_card():
    assert ops.tanh._repr_html_() == ops.card(ops.tanh).html()
    assert ops.tanh._repr_latex_() == f"${ops.card(ops.tanh).latex()}$"


def test_a_card_is_asked_of_an_op_alone():
    with pytest.raises(TypeError, match=r"card: 'tanh' is not an op; give one from ops.REGISTRY"):
        ops.card("tanh")  # pyright: ignore


# ops of students


@pytest.mark.usefixtures("declared")
def test_an_op_of_a_student_shows_formulas_and_the_source_of_what_has_none():
    @kinds.pointwise((-2, 2))
    def cube(xp, x, /, times=1):
        """Cube, times a number. [Exercise 3]"""
        return times * x * x * x

    @cube.partials
    def cube_partials(xp, y, x, /, times):
        """Looks at its number, and so cannot run on letters."""
        if times > 0:
            return (3 * times * x * x,)
        return (0,)

    card = ops.card(cube)
    assert row(card, "formula")[0].text == "y = times*x**3"
    assert row(card, "partials")[1].text == "if times > 0:\n    return (3 * times * x * x,)\nreturn (0,)"
    assert row(card, "source")[0].text == "Exercise 3"


def test_an_op_from_a_cell_without_source_shows_its_formula_and_says_what_it_cannot_show(declared):
    declared(
        "@kinds.pointwise()\n"
        "def from_a_cell(xp, x, /, k):\n    return k * xp.sin(x) ** 2\n"
        "@from_a_cell.partials\n"
        "def from_a_cell_partials(xp, y, x, /, k):\n    return (1,) if k > 0 else (2,)\n"
    )
    card = ops.card(ops.from_a_cell)
    assert row(card, "formula")[0].latex == r"y = k\,(\sin(x))^2"
    said = "from_a_cell_partials does not run on letters, and its source cannot be read here"
    assert [line.text for line in row(card, "partials")] == [said]
    assert said in Table(card.html()).words


def test_a_card_of_an_op_without_its_rule_says_how_to_declare_it(declared):
    declared("@kinds.bilinear()\ndef half_done(xp, a, b, /):\n    return a * b\n")
    lines = row(ops.card(ops.half_done), "adjoint of a")
    assert [line.text for line in lines] == ["not declared yet; declare it with half_done.adjoint"]


def test_a_special_case_is_not_taken_for_the_rule(declared):
    declared("@kinds.pointwise()\ndef sinc(xp, x, /):\n    return xp.where(x == 0, 1, xp.sin(x) / x)\n")
    assert row(ops.card(ops.sinc), "formula")[0].text == "y = where(x == 0, 1, sin(x)/x)"


def test_a_starred_argument_is_shown_with_two_arrays(declared):
    declared(
        "@kinds.linear()\ndef total(xp, /, *xs):\n    return sum(xs)\n"
        "@total.adjoint\ndef total_adjoint(xp, g, /, *xs):\n    return [g for _ in xs]\n"
    )
    assert row(ops.card(ops.total), "formula")[0].text == "y = xs_1 + xs_2"
    assert [line.text for line in row(ops.card(ops.total), "adjoint")] == ["dL/dxs_1 = g", "dL/dxs_2 = g"]


def test_a_general_op_of_two_arrays_has_a_tangent_for_each(declared):
    declared(
        "@kinds.general()\ndef dot(xp, a, b, /):\n    return xp.sum(a * b)\n"
        "@dot.defvjp\ndef dot_vjp(xp, g, y, a, b, /):\n    return g * b, g * a\n"
        "@dot.defjvp\ndef dot_jvp(xp, t, y, a, b, /):\n    ta, tb = t\n    return xp.sum(ta * b + a * tb)\n"
    )
    assert row(ops.card(ops.dot), "jvp")[0].latex == r"t_y = \sum (t_a\,b + a\,t_b)"


def test_a_formula_too_long_to_read_is_shown_as_source(declared):
    cell = "@kinds.pointwise()\ndef doubling(xp, x, /):\n    for _ in range(60):\n        x = x + x\n    return x\n"
    declared(cell)
    assert "does not run on letters" in row(ops.card(ops.doubling), "formula")[0].text


def test_hostile_words_in_a_declaration_are_only_words(declared):
    declared(
        "@kinds.pointwise()\n"
        "def hostile(xp, x, /, mode='<script>1</script>'):\n"
        "    'Cube {}$ 100% <script>alert(1)</script> & \\\\end{aligned}. [<b>Nobody</b>]'\n"
        "    return xp.tanh(x, mode)\n"
        "@hostile.partials\n"
        "def hostile_partials(xp, y, x, /, mode):\n    return (xp.tanh(x, mode),)\n"
    )
    card = ops.card(ops.hostile)
    assert not {"script", "b>"} & {tag for tag, _ in Table(card.html()).seen}
    assert "<script>alert(1)</script>" in Table(card.html()).words
    assert r"\text{ 100}\%\text{ <script>" in card.latex()
    assert card.latex().count(r"\end{aligned}") == 1
