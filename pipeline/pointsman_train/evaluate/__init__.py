"""Judge a router on a test set: the numbers of the project's metric definitions, each with its interval.

Four layers, one small file or more each. *What was routed where*: ``testset``, ``router``, ``sweep``,
``baselines``. *Resampling*: ``bootstrap``, ``ratio``. *Figures*: ``rates``, ``quality``, ``hull``, ``curve``,
``pgr``, ``routellm``, ``labels``, ``calibration``, ``discrimination``. *All of them*: ``figures``. Nothing
here reads or writes a file.
"""
