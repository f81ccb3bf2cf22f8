namespace Kalm.Alignment.Options;

/// <summary>How long a run trains, and how often it is validated and saved.</summary>
public sealed record BudgetOptions
{
    /// <summary>Passes over the train triples; at most one of epochs, steps and minutes is set.</summary>
    public double? Epochs { get; init; }

    /// <summary>Training steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Wall time of it all, in minutes: from reading graph and base to the written result, validation included.</summary>
    public double? Minutes { get; init; }

    /// <summary>The number of validations after the first; null chooses by the length of the run.</summary>
    public int? Validations { get; init; }

    /// <summary>Triples of the valid split in a validation.</summary>
    public int ValidationTriples { get; init; } = 500;

    /// <summary>Among how many entities a validation ranks, the answers among them, the others drawn by the seed; null for all of a graph
    /// of up to 200,000, and 50,000 of a larger one, whose texts would take longer than the training. Ranks among fewer are better
    /// ranks.</summary>
    public int? ValidationCandidates { get; init; }

    /// <summary>Whether the weights with the best validation MRR are the result; otherwise the last ones, which suits runs that are after
    /// answers in words.</summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>After how many validations in a row without a better MRR training ends before its time (early stopping); 0 for never.
    /// Counts only where the best weights are kept.</summary>
    public int Patience { get; init; }

    /// <summary>Steps between checkpoints besides those at validations; null for none.</summary>
    public int? SaveEvery { get; init; }

    internal void Require()
    {
        string[] given = [.. Given(Epochs, "epochs"), .. Given(Steps, "steps"), .. Given(Minutes, "minutes")];
        AlignmentOptions.Require(given.Length <= 1, "budget", string.Join(" and ", given), "only one of epochs, steps and minutes");
        AlignmentOptions.Require(Epochs is null or > 0, "budget.epochs", Epochs, "more than 0");
        AlignmentOptions.Require(Steps is null or > 0, "budget.steps", Steps, "1 or more");
        AlignmentOptions.Require(Minutes is null or > 0, "budget.minutes", Minutes, "more than 0");
        AlignmentOptions.Require(Validations is null or >= 0, "budget.validations", Validations, "0 or more");
        AlignmentOptions.Require(Patience >= 0, "budget.patience", Patience, "0 or more");
        AlignmentOptions.Require(ValidationTriples > 0, "budget.validation_triples", ValidationTriples, "1 or more");
        AlignmentOptions.Require(ValidationCandidates is null or > 0, "budget.validation_candidates", ValidationCandidates, "1 or more");
        AlignmentOptions.Require(SaveEvery is null or > 0, "budget.save_every", SaveEvery, "1 or more");

        static string[] Given(double? value, string name) => value is null ? [] : [name];
    }
}
