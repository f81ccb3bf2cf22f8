namespace Kalm.Language.Generation.Grammar;

/// <summary>A part of a grammar over bytes. Nodes are told apart by identity.</summary>
internal abstract class GrammarNode;

/// <summary>One byte of a set.</summary>
/// <param name="holds">[256]: whether a byte is in the set.</param>
internal sealed class ByteNode(bool[] holds) : GrammarNode
{
    /// <summary>A set by what holds of its bytes.</summary>
    public static ByteNode Of(Func<int, bool> holds) => new([.. Enumerable.Range(0, 256).Select(holds)]);

    /// <summary>The bytes from one to another, both included.</summary>
    public static ByteNode Between(int first, int last) => Of(value => value >= first && value <= last);

    /// <summary>Whether a byte is in the set.</summary>
    public bool Holds(byte value) => holds[value];
}

/// <summary>One byte, and what that byte has behind it.</summary>
/// <param name="next">[256]: what follows a byte; null where the byte may not stand.</param>
internal sealed class BranchNode(GrammarNode?[] next) : GrammarNode
{
    /// <summary>What follows a byte that is the last.</summary>
    public static GrammarNode Nothing { get; } = new LiteralNode([]);

    /// <summary>[256]: what follows a byte; null where the byte may not stand.</summary>
    public GrammarNode?[] Next => next;
}

/// <summary>Bytes one after another.</summary>
/// <param name="bytes">The bytes; none matches nothing.</param>
internal sealed class LiteralNode(byte[] bytes) : GrammarNode
{
    /// <summary>The bytes.</summary>
    public byte[] Bytes => bytes;

    /// <summary>The UTF-8 of a text.</summary>
    public static LiteralNode Of(string text) => new(System.Text.Encoding.UTF8.GetBytes(text));
}

/// <summary>Parts one after another.</summary>
internal sealed class SequenceNode(params GrammarNode[] parts) : GrammarNode
{
    /// <summary>The parts.</summary>
    public GrammarNode[] Parts => parts;
}

/// <summary>One of several ways.</summary>
internal sealed class ChoiceNode(params GrammarNode[] ways) : GrammarNode
{
    /// <summary>The ways.</summary>
    public GrammarNode[] Ways => ways;
}

/// <summary>A part several times; the part matches at least a byte.</summary>
/// <param name="part">The part.</param>
/// <param name="least">At least so often.</param>
/// <param name="most">At most so often; <see cref="Unbounded"/> for any number.</param>
internal sealed class RepeatNode(GrammarNode part, int least, int most) : GrammarNode
{
    /// <summary>As often as one likes.</summary>
    public const int Unbounded = int.MaxValue;

    /// <summary>The part.</summary>
    public GrammarNode Part => part;

    /// <summary>At least so often.</summary>
    public int Least => least;

    /// <summary>At most so often.</summary>
    public int Most => most;
}

/// <summary>Another node, which may hold this one.</summary>
internal sealed class ReferenceNode : GrammarNode
{
    /// <summary>The node meant.</summary>
    public GrammarNode? Target { get; set; }
}
