"""What a carry earns and costs, in words."""

from surge.desk.funds import net_of_carry
from surge.model.units import WAD


def test_a_carry_that_loses_says_so_and_its_figures_add_up():
    assert net_of_carry(WAD * 319 // 10_000 + 5, WAD * 451 // 10_000 - 5) == (
        "the vault pays 3.19% a year then, the loan costs 4.51%: it LOSES 1.32% a year of what is lent "
        "on, as long as that holds"
    )
    assert net_of_carry(WAD // 10, WAD // 20).endswith("costs 5%: 5% a year of what is lent on are left")
