"""The parameters of the models, written down and read again."""

from vitrina.marketplace.parameters import Parameters


def test_what_was_written_down_is_read_again_and_unknown_names_are_left_out():
    chosen = Parameters(components=32, trees=60, diversity=1.25)
    assert Parameters.from_json(chosen.as_json()) == chosen
    assert Parameters.from_json('{"trees": 60, "no_longer_known": 1}') == Parameters(trees=60)


def test_trees_for_lists_take_twice_as_many_steps_of_half_the_length():
    chosen = Parameters(trees=60, tree_learning_rate=0.1, seeds=2, leaves=15)
    assert chosen.for_lists() == Parameters(trees=120, tree_learning_rate=0.05, seeds=4, leaves=15)
