"""Kernels become differentiable functions: first and second derivatives by their own formulas."""

from mindspore import Tensor, nn, ops

_zeros_like = ops.ZerosLike()


class _Gradient(nn.Cell):
    """The gradient of a loss as a function of its upstream and its arguments."""

    def __init__(self, gradient, tangent, curvature, places):
        super().__init__()
        self.gradient = gradient
        self.tangent = tangent
        self.curvature = curvature
        self.places = places

    def construct(self, upstream, args):
        return self.gradient(upstream, *args)

    def bprop(self, upstream, args, out, dout):
        # In PyNative mode the tangent of a tuple of one arrives without its tuple.
        tangents = dout if isinstance(dout, tuple) else (dout,)
        slopes = self.curvature(upstream, *args, *tangents)
        result = ()
        for position in range(len(self.places)):
            place = self.places[position]
            arg = args[position]
            if place is not None:
                result += (slopes[place],)
            else:
                result += (_zeros_like(arg) if isinstance(arg, Tensor) else arg,)
        return self.tangent(*args, *tangents), result


class _Value(nn.Cell):
    """A loss, differentiated by its own rules; bprop takes no `*args`, so arguments are a tuple."""

    def __init__(self, value, gradient, places):
        super().__init__()
        self.value = value
        self.gradient = gradient
        self.places = places

    def construct(self, args):
        return self.value(*args)

    def bprop(self, args, out, dout):
        slopes = self.gradient(dout, args)
        result = ()
        for position in range(len(self.places)):
            place = self.places[position]
            arg = args[position]
            if place is not None:
                result += (slopes[place],)
            else:
                result += (_zeros_like(arg) if isinstance(arg, Tensor) else arg,)
        return (result,)


def differentiable(value, gradient, tangent, curvature, arguments, wrt):
    """Let MindSpore differentiate a loss to second order by its analytic rules."""
    places = tuple(wrt.index(name) if name in wrt else None for name in arguments)
    loss = _Value(value, _Gradient(gradient, tangent, curvature, places), places)

    def call(*args):
        return loss(args)

    return call
