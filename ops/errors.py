"""What can go wrong, by name.  Each message says what was asked, what was seen and what to do."""


class DeclarationError(TypeError):
    """An op or a rule that is declared wrongly: twice, of the wrong kind, or without its rule."""


class ShapeError(ValueError):
    """Shapes that do not fit each other, or an axis or an index that is not there."""


class ParameterError(ValueError):
    """A parameter whose value an op does not know."""


class EngineError(TypeError):
    """Nodes of two engines in one expression, or a value that no engine takes."""


class ChangedDataError(RuntimeError):
    """Data that a backward rule reads was changed between forward and backward."""


class AnomalyError(FloatingPointError):
    """A value or a gradient that is not finite, found inside `detect_anomaly()`."""
