from __future__ import annotations

import threading
import time

from pointsman_train.turns import taking_turns


def test_one_at_a_time_is_in_a_folder_that_is_made_for_it(tmp_path):
    inside, most, seen = [], [], []

    def work(name):
        with taking_turns(tmp_path / "new" / "folder"):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(name)
        seen.append(name)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(5))
    assert most == [1] * 5


def test_other_folders_do_not_wait(tmp_path):
    with taking_turns(tmp_path / "a"), taking_turns(tmp_path / "b"):
        assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
    assert list((tmp_path / "a").iterdir()) == []
