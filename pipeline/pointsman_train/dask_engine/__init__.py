"""Training past one machine, on Dask: the same stages over prompts that lie in parts on disk.

Every step reads one part and writes one file, whole or not at all; what passes through the scheduler is names and
counts. So a lost worker costs the parts that it was at, and an interrupted run goes on where it stopped.

::

    deal      files of any form -> parts by a hash of the prompt's id: all that is known of a prompt is in one part,
              and each part is a fair sample of all prompts
    arrange   a part -> prompts by models, checked; and buckets in which near-duplicates meet
    group     buckets -> pairs that are alike -> groups (one task joins the pairs)
    split     a threshold on each group's hash: exactly the draw that one machine makes, from counts alone
    label     a part -> labels, parts of the split
    features  a part -> features, by the one graph, what the outcomes taught from the fits without the prompt's fold
    boosters  all parts -> a booster, by LightGBM's own Dask estimator; trained anew where a worker is lost
    predict   the test prompts of a part -> probabilities and choices

Two kinds of work are told apart. Trees are grown on every training prompt. What only counts (the vocabulary and the
word weights, calibration, operating points, the guard, the figures with their intervals) is done by this process on a
bounded sample, drawn by a hash of the prompt's id (``engine.sample``). Where there are no more prompts than that, the
sample is all of them, and the result is that of one machine but for the order of LightGBM's sums and draws.

Dask is imported in this package alone.
"""
