# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "sampler" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def euler(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    frame: Optional[str] = None,
) -> Spec:
    """x + h u(x, t): first order

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    frame : choice, t unless said
        steps in t on x, or in sigma = b / a on x / a. t|sigma
    """
    return spec("euler", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "frame": frame
    })


def midpoint(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    frame: Optional[str] = None,
) -> Spec:
    """u at half a step: second order

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    frame : choice, t unless said
        steps in t on x, or in sigma = b / a on x / a. t|sigma
    """
    return spec("midpoint", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "frame": frame
    })


def heun(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    frame: Optional[str] = None,
) -> Spec:
    """mean of u at both ends: second order

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    frame : choice, t unless said
        steps in t on x, or in sigma = b / a on x / a. t|sigma
    """
    return spec("heun", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "frame": frame
    })


def rk4(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    frame: Optional[str] = None,
) -> Spec:
    """the classical fourth-order method

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    frame : choice, t unless said
        steps in t on x, or in sigma = b / a on x / a. t|sigma
    """
    return spec("rk4", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "frame": frame
    })


def dopri5(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    rtol: Optional[float] = None,
    atol: Optional[float] = None,
    max_steps: Optional[int] = None,
) -> Spec:
    """Dormand-Prince 5(4), every sample with steps of its own

    Parameters
    ----------
    steps : int, 0 unless said
        so many fixed steps; 0: every sample chooses its own. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    rtol : real, 1e-5 unless said
        a step's estimated error, of values and log p alike, is at most atol + rtol |x|. [0, 1]
    atol : real, 1e-5 unless said
        the part of it that is the same for every value, in the scale the network sees. [0, 1000]
    max_steps : int, 10000 unless said
        a sample may try. [1, 1000000000]
    """
    return spec("dopri5", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "rtol": rtol, "atol": atol,
        "max_steps": max_steps
    })


def tsit5(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    rtol: Optional[float] = None,
    atol: Optional[float] = None,
    max_steps: Optional[int] = None,
) -> Spec:
    """Tsitouras 5(4), every sample with steps of its own

    Parameters
    ----------
    steps : int, 0 unless said
        so many fixed steps; 0: every sample chooses its own. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    rtol : real, 1e-5 unless said
        a step's estimated error, of values and log p alike, is at most atol + rtol |x|. [0, 1]
    atol : real, 1e-5 unless said
        the part of it that is the same for every value, in the scale the network sees. [0, 1000]
    max_steps : int, 10000 unless said
        a sample may try. [1, 1000000000]
    """
    return spec("tsit5", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "rtol": rtol, "atol": atol,
        "max_steps": max_steps
    })


def ddim(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    eta: Optional[float] = None,
) -> Spec:
    """towards the data predicted, with or without noise (Song, Meng, Ermon 2021)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 50. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    eta : real, 0 unless said
        noise of a step: 0: none, 1: as ddpm. [0, 1]
    """
    return spec("ddim", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "eta": eta
    })


def ddpm(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    variance: Optional[str] = None,
) -> Spec:
    """ancestral: every step drawn from its posterior (Ho, Jain, Abbeel 2020)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 250. [0, 1000000]
    grid : row, auto unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    variance : choice, small unless said
        of a step: that of x' where x_0 is known, or of a step of noising. small|large
    """
    return spec("ddpm", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "variance": variance
    })


def euler_ancestral(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    eta: Optional[float] = None,
) -> Spec:
    """Euler in sigma below the next, then noise up to it: ddim that draws

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 50. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    eta : real, 1 unless said
        noise of a step: 0: none, 1: as ddpm. [0, 1]
    """
    return spec("euler_ancestral", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "eta": eta
    })


def euler_maruyama(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    kappa: Optional[float] = None,
    frame: Optional[str] = None,
) -> Spec:
    """Euler on the SDE, with as much noise as is asked for (Song et al. 2021)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 250. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    kappa : real, 1 unless said
        noise of the SDE: 0: none, 1: that of the reverse diffusion. [0, 10]
    frame : choice, sigma unless said
        steps in sigma = b / a on x / a, or in t on x. sigma|t
    """
    return spec("euler_maruyama", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "kappa": kappa, "frame": frame
    })


def edm(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    s_churn: Optional[float] = None,
    s_tmin: Optional[float] = None,
    s_tmax: Optional[float] = None,
    s_noise: Optional[float] = None,
) -> Spec:
    """Heun in sigma on x / a, with churn or without (Karras et al. 2022)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 18. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    s_churn : real, 0 unless said
        noise added, over all steps; 0: none is drawn. [0, 1000000]
    s_tmin : real, 0 unless said
        it is added from this sigma. [0, 1000000000]
    s_tmax : real, 1e9 unless said
        up to this. [0, 1000000000]
    s_noise : real, 1 unless said
        deviation of what is added; a little above 1 replaces detail that a network loses. [0, 10]
    """
    return spec("edm", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "s_churn": s_churn, "s_tmin":
        s_tmin, "s_tmax": s_tmax, "s_noise": s_noise
    })


def dpm_1(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
) -> Spec:
    """DPM-Solver that holds the noise, first order (Lu et al. 2022)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    """
    return spec("dpm_1", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high
    })


def dpm_2(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    type: Optional[str] = None,
) -> Spec:
    """DPM-Solver, second order in two evaluations a step (Lu et al. 2022)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    type : choice, paper unless said
        weights of what changes along a step: the papers' algorithm, or Taylor's series.
        paper|taylor
    """
    return spec("dpm_2", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "type": type
    })


def dpm_3(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    type: Optional[str] = None,
) -> Spec:
    """DPM-Solver, third order in three evaluations a step (Lu et al. 2022)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    type : choice, paper unless said
        weights of what changes along a step: the papers' algorithm, or Taylor's series.
        paper|taylor
    """
    return spec("dpm_3", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "type": type
    })


def dpmpp_2s(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    type: Optional[str] = None,
) -> Spec:
    """DPM-Solver++ that holds the data, second order in single steps

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    type : choice, paper unless said
        weights of what changes along a step: the papers' algorithm, or Taylor's series.
        paper|taylor
    """
    return spec("dpmpp_2s", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "type": type
    })


def dpmpp_3s(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    type: Optional[str] = None,
) -> Spec:
    """DPM-Solver++ that holds the data, third order in single steps

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: the sampler's own number. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    type : choice, paper unless said
        weights of what changes along a step: the papers' algorithm, or Taylor's series.
        paper|taylor
    """
    return spec("dpmpp_3s", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "type": type
    })


def dpmpp_2m(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    type: Optional[str] = None,
) -> Spec:
    """DPM-Solver++ of second order, one evaluation a step (Lu et al. 2022)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 25. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    type : choice, midpoint unless said
        weight of what changes: that of the middle of a step, or the exact one. midpoint|heun
    """
    return spec("dpmpp_2m", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "type": type
    })


def dpmpp_3m(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    q3: Optional[float] = None,
) -> Spec:
    """DPM-Solver++ of three steps, one evaluation a step (Lu et al. 2022)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 25. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    q3 : real, 1 unless said
        weight of the second change: 2 is consistent, 1 as published samples have it. [0, 4]
    """
    return spec("dpmpp_3m", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "q3": q3
    })


def dpmpp_2m_sde(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    type: Optional[str] = None,
    eta: Optional[float] = None,
) -> Spec:
    """the SDE by DPM-Solver++, one evaluation and one draw a step

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 50. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    type : choice, midpoint unless said
        weight of what changes: that of the middle of a step, or the exact one. midpoint|heun
    eta : real, 1 unless said
        noise of the SDE, of its variance: 0: none, 1: that of the reverse diffusion. [0, 10]
    """
    return spec("dpmpp_2m_sde", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "type": type, "eta": eta
    })


def unipc(
    *,
    steps: Optional[int] = None,
    grid: Optional[str] = None,
    guidance: Optional[float] = None,
    guidance_rescale: Optional[float] = None,
    guidance_low: Optional[float] = None,
    guidance_high: Optional[float] = None,
    clamp: Optional[str] = None,
    clamp_low: Optional[float] = None,
    clamp_high: Optional[float] = None,
    order: Optional[int] = None,
    b: Optional[str] = None,
    form: Optional[str] = None,
    corrector: Optional[str] = None,
) -> Spec:
    """predictor and corrector of many steps, one evaluation each (Zhao et al. 2023)

    Parameters
    ----------
    steps : int, 0 unless said
        from noise to data; 0: 20. [0, 1000000]
    grid : row, karras unless said
        times at which its steps end. auto|uniform|karras|exponential|cosine|list
    guidance : real, 1 unless said
        weight of the condition against the null condition; 1: the condition alone, 0: without.
        [-1000, 1000]
    guidance_rescale : real, 0 unless said
        share of what is guided that is scaled to the deviation it has without guidance. [0, 1]
    guidance_low : real, 0 unless said
        it is guided above this sigma = b / a; 0: down to the data. [0, 1000000000]
    guidance_high : real, inf unless said
        up to this sigma. [0, inf]
    clamp : choice, auto unless said
        the data predicted are kept within the range of the data; auto: where a bound is given, and
        of integer data where the sampler is no method for ODEs. auto|no|yes
    clamp_low : real, -inf unless said
        least value of the data as stored; of integers 0 or above. [-inf, inf]
    clamp_high : real, inf unless said
        largest value; of integers levels - 1 or below. [-inf, inf]
    order : int, 3 unless said
        of the predictor; the corrector adds one. [1, 3]
    b : choice, bh2 unless said
        weight where one difference is known: by h, or by e^h - 1. bh1|bh2
    form : choice, x0 unless said
        held along a step: the data, or the noise. x0|eps
    corrector : choice, inner unless said
        inner: but for the last step, whose correction is one evaluation more. none|inner|all
    """
    return spec("unipc", {
        "steps": steps, "grid": grid, "guidance": guidance, "guidance_rescale":
        guidance_rescale, "guidance_low": guidance_low, "guidance_high": guidance_high, "clamp":
        clamp, "clamp_low": clamp_low, "clamp_high": clamp_high, "order": order, "b": b, "form":
        form, "corrector": corrector
    })
