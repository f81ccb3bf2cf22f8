namespace Kalm;

/// <summary>A problem in what the user gave: a file, an option, a tensor or a word. The message names where the fault is,
/// what was found and what was expected; the command line prints it without a stack trace and exits with 1.</summary>
public sealed class KalmException : Exception
{
    /// <summary>Creates the error from a message of at most five lines.</summary>
    public KalmException(string message) : base(message) { }

    /// <summary>Creates the error from a message of at most five lines and the exception behind it.</summary>
    public KalmException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Creates an error without details.</summary>
    public KalmException() : base("unknown problem") { }
}
