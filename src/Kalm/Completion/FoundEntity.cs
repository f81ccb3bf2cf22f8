namespace Kalm.Completion;

/// <summary>By what an entity was found.</summary>
public enum FoundBy
{
    /// <summary>Its name or id holds the words.</summary>
    Name,

    /// <summary>It is also called so.</summary>
    Alias,

    /// <summary>Its name is nearly the words, as of somebody who types in haste or without accents.</summary>
    Spelling,

    /// <summary>Its description holds the words.</summary>
    Text,
}

/// <summary>An entity that words may mean.</summary>
/// <param name="Entity">Its number in the catalog.</param>
/// <param name="By">By what it was found.</param>
public readonly record struct FoundEntity(int Entity, FoundBy By);
