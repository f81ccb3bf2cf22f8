namespace Kalm.Extensions;

/// <summary>A model that cannot take a request now, or no longer.</summary>
public sealed class ModelUnavailableException : Exception
{
    /// <summary>Creates the error.</summary>
    public ModelUnavailableException() : this("the model is not available") { }

    /// <summary>Creates the error with a message.</summary>
    public ModelUnavailableException(string message) : base(message) { }

    /// <summary>Creates the error with a message and the exception behind it.</summary>
    public ModelUnavailableException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Whether too many are waiting for it: the same request may be answered later.</summary>
    public bool IsBusy { get; private init; }

    internal static ModelUnavailableException Busy(string message) => new(message) { IsBusy = true };

    internal static ModelUnavailableException Closed() => new("the model is closed: no more requests are taken");
}
