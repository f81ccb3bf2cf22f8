using System.Text.Json.Serialization;

namespace Kalm.Completion;

/// <summary>What can be done to a graph's entities and facts while they are served.</summary>
public enum ChangeKind
{
    /// <summary>An entity that the graph does not hold is there from now on.</summary>
    EntityAdded,

    /// <summary>An entity has another name or text, and is there again if it was hidden.</summary>
    EntityEdited,

    /// <summary>An entity is gone: for good if it was added, hidden if the graph holds it.</summary>
    EntityDeleted,

    /// <summary>A fact is known from now on.</summary>
    FactAccepted,

    /// <summary>A fact is known to be false.</summary>
    FactRejected,

    /// <summary>What was said of a fact is taken back.</summary>
    FactDeleted,
}

/// <summary>One change: a line of the log. Of the members behind the kind, those stand in it that the kind needs.</summary>
/// <param name="Number">Its line, from 1.</param>
/// <param name="Time">When it was made.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Id">The entity's id.</param>
/// <param name="Name">The entity's name from now on.</param>
/// <param name="Text">What the model reads of the entity from now on.</param>
/// <param name="Head">The id of a fact's head.</param>
/// <param name="Relation">The id of its relation.</param>
/// <param name="Tail">The id of its tail.</param>
/// <param name="Fact">The number of the change by which a fact that is deleted was accepted or rejected.</param>
public sealed record Change(
    [property: JsonRequired] long Number, [property: JsonRequired] DateTimeOffset Time, [property: JsonRequired] ChangeKind Kind,
    string? Id = null, string? Name = null, string? Text = null, string? Head = null, string? Relation = null, string? Tail = null,
    long? Fact = null);
