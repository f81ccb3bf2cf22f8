namespace Kalm.Alignment.Options;

/// <summary>How a re-ranker is trained on a finished run (<c>align --stage rerank</c>): a copy of its model learns to tell the answer of a
/// query from other candidates that the run's own embeddings put near it.</summary>
public sealed record RerankOptions
{
    /// <summary>Wall time in minutes, from reading the run to the written re-ranker; at most one of minutes and steps is set, and without
    /// either it trains half as long as the run did.</summary>
    public double? Minutes { get; init; }

    /// <summary>Training steps.</summary>
    public int? Steps { get; init; }

    /// <summary>How many of a query's best candidates it orders, and among how many it finds its negatives.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>A candidate's description is cut to this many tokens.</summary>
    public int TextTokens { get; init; } = 24;

    /// <summary>At most so many train facts stand behind the description of the query's entity and of each candidate.</summary>
    public int Neighbours { get; init; } = 3;

    /// <summary>The name in such a fact is cut to this many tokens.</summary>
    public int NeighbourTokens { get; init; } = 4;

    /// <summary>Queries a step.</summary>
    public int Queries { get; init; } = 48;

    /// <summary>Negatives of a query from among its best candidates, the better ones more often.</summary>
    public int Negatives { get; init; } = 9;

    /// <summary>Negatives of a query from among all entities.</summary>
    public int RandomNegatives { get; init; } = 2;

    /// <summary>Train triples whose queries it learns from, both directions of each.</summary>
    public int MinedTriples { get; init; } = 30_000;

    /// <summary>Triples of the valid split on which the weights of what it says are fitted.</summary>
    public int ValidTriples { get; init; } = 1000;

    /// <summary>The highest learning rate; null takes a third of the run's.</summary>
    public double? LearningRate { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(Minutes is null || Steps is null, "rerank", "minutes and steps", "only one of minutes and steps");
        AlignmentOptions.Require(Minutes is null or > 0, "rerank.minutes", Minutes, "more than 0");
        AlignmentOptions.Require(Steps is null or > 0, "rerank.steps", Steps, "1 or more");
        AlignmentOptions.Require(Depth is >= 2 and <= 1000, "rerank.depth", Depth, "2..1000");
        AlignmentOptions.Require(TextTokens > 0, "rerank.text_tokens", TextTokens, "1 or more");
        AlignmentOptions.Require(Neighbours >= 0, "rerank.neighbours", Neighbours, "0 or more");
        AlignmentOptions.Require(NeighbourTokens > 0, "rerank.neighbour_tokens", NeighbourTokens, "1 or more");
        AlignmentOptions.Require(Queries > 0, "rerank.queries", Queries, "1 or more");
        AlignmentOptions.Require(Negatives > 0, "rerank.negatives", Negatives, "1 or more");
        AlignmentOptions.Require(RandomNegatives >= 0, "rerank.random_negatives", RandomNegatives, "0 or more");
        AlignmentOptions.Require(MinedTriples > 0, "rerank.mined_triples", MinedTriples, "1 or more");
        AlignmentOptions.Require(ValidTriples > 1, "rerank.valid_triples", ValidTriples, "2 or more");
        AlignmentOptions.Require(LearningRate is null or > 0, "rerank.learning_rate", LearningRate, "more than 0");
    }
}
