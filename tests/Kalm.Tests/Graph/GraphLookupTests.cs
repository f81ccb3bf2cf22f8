using Kalm.Graph;

namespace Kalm.Tests.Graph;

public class GraphLookupTests
{
    [Fact]
    public void An_entity_is_found_by_id_then_name_then_description()
    {
        var lookup = Names("bank\nBANK\nwheel\ncar");
        Assert.Equal(0, lookup.Entity("car"));
        Assert.Equal(3, lookup.Entity("truck"));
        Assert.Equal(2, lookup.Entity("Wheel"));
        Assert.Equal(2, lookup.Entity("spoke, a rod"));
        // The name that fits exactly goes before the one that differs in case.
        Assert.Equal(0, lookup.Entity("bank"));
        Assert.Equal(1, lookup.Entity("BANK"));
        Assert.Null(lookup.Entity("a boat"));
        Assert.Equal("truck", lookup.NearestEntity("truk"));
        Assert.Null(lookup.NearestEntity("something else entirely"));
    }

    [Fact]
    public void A_name_of_several_entities_is_a_fault_that_lists_some()
    {
        var message = Fault(() => Names("bank\nbank\nbank\nbank").Entity("bank"));
        Assert.Contains("4 entities", message, StringComparison.Ordinal);
        Assert.Contains("wheel: wheel, a round part", message, StringComparison.Ordinal);
        Assert.Contains("and 1 more", message, StringComparison.Ordinal);
        Assert.Contains("2 entities", Fault(() => Names("Bank\nBANK\nx\ny").Entity("bank")), StringComparison.Ordinal);
        Assert.Contains("found ' '", Fault(() => Names("a\nb\nc\nd").Entity(" ")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_relation_is_found_by_id_or_text_and_its_inverse_text_reads_it_backwards()
    {
        using var files = SmallGraph.Kalm();
        var lookup = new GraphLookup(files.Load());
        Assert.Equal(0, lookup.DirectedRelation("_has_part"));
        Assert.Equal(0, lookup.DirectedRelation("Has part"));
        Assert.Equal(2, lookup.DirectedRelation("part of"));
        Assert.Equal(1, lookup.DirectedRelation("similar to"));
        Assert.Contains("did you mean '_has_part'?", Fault(() => lookup.DirectedRelation("_has_prat")), StringComparison.Ordinal);
        Assert.Contains("'_has_part' (has part)", Fault(() => lookup.DirectedRelation("is the capital of")), StringComparison.Ordinal);
    }

    private static GraphLookup Names(string names)
    {
        using var files = SmallGraph.Kalm().With("entityText_short.txt", names + "\n");
        return new GraphLookup(files.Load());
    }

    private static string Fault(Action action)
    {
        var message = Assert.Throws<KalmException>(action).Message;
        Assert.True(message.Split('\n').Length <= 5, message);
        return message;
    }
}
