"""Prints the coefficients of assembly/vmath.ts: minimax fits by linear programming on a grid of 60-digit values.

Each coefficient in turn, lowest order first, is rounded to float32 and pinned and the rest are fitted again, so that
what is printed is the fit, not a rounding of it. Needs Python 3, mpmath, numpy and scipy: python scripts/minimax.py
"""
import numpy
from mpmath import cos, erf, erfc, exp, expm1, log, log1p, mp, mpf, pi, sqrt
from scipy.optimize import linprog

mp.dps = 60
UNIT = 2.0**24


def fit(name, target, weight, low, high, degree, points=600):
    """Prints the polynomial of least maximum of |weight * (polynomial - target)| on [low, high]."""
    low, high = mpf(low), mpf(high)
    nodes = [(low + high) / 2 - (high - low) / 2 * cos(pi * (k + mpf(1) / 2) / points) for k in range(points)]
    t = [target(x) for x in nodes]
    w = [weight(x) for x in nodes]
    scale = max(abs(low), abs(high))
    pinned = []

    def error(c):
        return max(abs(v * (sum(c[k] * x**k for k in range(degree + 1)) - u)) for x, u, v in zip(nodes, t, w))

    def solve():
        free = range(len(pinned), degree + 1)
        rows = [[float(v * UNIT * (x / scale) ** k) for k in free] for x, v in zip(nodes, w)]
        rest = [
            float(v * UNIT * (u - sum(c * x**k for k, c in enumerate(pinned)))) for x, u, v in zip(nodes, t, w)
        ]
        a, b = numpy.array(rows), numpy.array(rest)
        # Least squares first, and columns of size one: the program then makes small corrections only.
        start = numpy.linalg.lstsq(a, b, rcond=None)[0]
        residual = b - a @ start
        unit = numpy.abs(residual).max()
        size = numpy.abs(a).max(axis=0)
        ones = numpy.ones((len(b), 1))
        matrix = numpy.block([[a / size, -ones], [-a / size, -ones]])
        bound = numpy.concatenate([residual, -residual]) / unit
        cost = numpy.zeros(len(start) + 1)
        cost[-1] = 1
        result = linprog(cost, matrix, bound, bounds=[(None, None)] * (len(start) + 1), method="highs")
        correction = result.x[:-1] / size * unit
        return pinned + [(mpf(s) + mpf(d)) / scale**k for k, s, d in zip(free, start, correction)]

    ideal = error(solve())
    while len(pinned) <= degree:
        pinned.append(mpf(float(numpy.float32(float(solve()[len(pinned)])))))
    print(f"{name}: {float(ideal * UNIT):.3g} * 2^-24 ideal, {float(error(pinned) * UNIT):.3g} * 2^-24 in float32")
    for k, c in enumerate(pinned):
        print(f"  [{k}] {float(c):.9g}")


def main():
    half = log(2) / 2 * mpf("1.0001")
    near = mpf("1e-20")
    fit(
        "exp: (exp(r) - 1 - r) / r^2, error beside expm1(r)",
        lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > near else mpf(1) / 2 + r / 6,
        lambda r: abs(r**2 / expm1(r)) if r else mpf(0),
        -half,
        half,
        4,
    )
    fit(
        "exp2: (2^f - 1) / f, error beside 2^f",
        lambda f: expm1(f * log(2)) / f if abs(f) > near else log(2),
        lambda f: abs(f) / mpf(2) ** f,
        mpf(-1) / 2,
        mpf(1) / 2,
        4,
    )
    fit(
        "log: (log1p(f) - f + f^2 / 2) / f^3, error beside log1p(f)",
        lambda f: (log1p(f) - f + f**2 / 2) / f**3 if abs(f) > near else mpf(1) / 3 - f / 4,
        lambda f: abs(f**3 / log1p(f)) if f else mpf(0),
        sqrt(mpf(1) / 2) - 1,
        sqrt(mpf(2)) - 1,
        6,
    )
    fit(
        "erf: -log(erfc(x)) / x - 1, error beside erf(x)",
        lambda x: -log(erfc(x)) / x - 1 if x > near else 2 / sqrt(pi) - 1,
        lambda x: max(x * erfc(x) / erf(x), x * mpf("1e-7")) if x > near else sqrt(pi) / 2,
        0,
        4,
        7,
        points=300,
    )
    fit(
        "gelu: (log2 Phi(-a) + 1) / a, error beside 1 / max(1, a)",
        lambda a: (log(erfc(a / sqrt(2)) / 2) / log(2) + 1) / a if a > mpf("1e-12") else -sqrt(2 / pi) / log(2),
        lambda a: a * max(erfc(a / sqrt(2)) / 2 * max(1, a), mpf("1e-5")) * log(2),
        0,
        6,
        7,
        points=300,
    )
    fit(
        "derivative of gelu at -a over e^(-a^2 / 2)",
        lambda a: erfc(a / sqrt(2)) / 2 * exp(a * a / 2) - a / sqrt(2 * pi),
        lambda a: max(exp(-a * a / 2), mpf("1e-6")),
        0,
        mpf(11) / 2,
        10,
        points=300,
    )


if __name__ == "__main__":
    main()
