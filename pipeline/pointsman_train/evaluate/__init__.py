"""Judge a router on a test set: the numbers of the project's metric definitions, each with its interval.

In layers, one small file or more each. *What was routed where*: ``testset``, ``router``, ``sweep``, ``baselines``.
*Resampling*: ``bootstrap``, ``ratio``, ``reference``. *Figures*: ``rates``, ``quality``, ``hull``, ``curve``, ``pgr``,
``routellm``, ``labels``, ``calibration``, ``discrimination``, ``conformal``. *All of them*: ``figures``, ``headline``,
and by part of the test set ``slices``, ``detail``, ``worst``. *Beyond one test set*: ``robustness`` under noise,
``source_probe`` of the features, ``drift`` and ``traffic`` of prompts without outcomes, ``compare`` and ``gate`` of two
routers. ``stage`` puts them together. Nothing here reads or writes a file.
"""
