namespace Kalm.Language.Tokenization.Patterns;

/// <summary>What an instruction does.</summary>
internal enum PatternAction : byte
{
    /// <summary>Reads one character of <see cref="Instruction.Set"/>.</summary>
    Read,

    /// <summary>Reads <see cref="Instruction.X"/> to <see cref="Instruction.Y"/> characters of <see cref="Instruction.Set"/>, as many as
    /// there are.</summary>
    ReadMany,

    /// <summary>Goes on at <see cref="Instruction.X"/>, and if that fails at <see cref="Instruction.Y"/>; at the latter at once where the
    /// next character is not in <see cref="Instruction.Set"/>.</summary>
    Try,

    /// <summary>Goes on at <see cref="Instruction.X"/>.</summary>
    Jump,

    /// <summary>Goes on at <see cref="Instruction.X"/> if what stands between matches here.</summary>
    Expect,

    /// <summary>Goes on at <see cref="Instruction.X"/> if what stands between does not match here.</summary>
    Exclude,

    /// <summary>Reads what the part between matches first, and goes on at <see cref="Instruction.X"/>.</summary>
    ReadOnce,

    /// <summary>Goes on if this is the place that <see cref="Instruction.X"/> names as an <see cref="Anchor"/>.</summary>
    Stand,

    /// <summary>Goes on at <see cref="Instruction.X"/> if what stands between can end here.</summary>
    ExpectBefore,

    /// <summary>Goes on at <see cref="Instruction.X"/> if what stands between cannot end here.</summary>
    ExcludeBefore,

    /// <summary>The pattern, or the part, has matched.</summary>
    Match,
}

/// <summary>One step of a compiled pattern.</summary>
/// <param name="Action">What it does.</param>
/// <param name="X">The first number of the action.</param>
/// <param name="Y">The second number of the action; how many characters a part before this place has at most.</param>
/// <param name="Set">The characters.</param>
/// <param name="Kind">How <see cref="PatternAction.ReadMany"/> repeats.</param>
/// <param name="Least">How many characters a part before this place has at least.</param>
internal readonly record struct Instruction(
    PatternAction Action, int X = 0, int Y = 0, CharacterSet? Set = null, Repetition Kind = Repetition.Greedy, int Least = 0);

/// <summary>Turns the parts of a pattern into instructions.</summary>
internal sealed class PatternCompiler
{
    private const int MostInstructions = 10_000;

    private readonly List<Instruction> _instructions = [];

    private PatternCompiler() { }

    /// <summary>The instructions that match <paramref name="node"/>.</summary>
    /// <exception cref="KalmException">Repetitions of repetitions make too many of them.</exception>
    public static Instruction[] Compile(PatternNode node)
    {
        var compiler = new PatternCompiler();
        compiler.Add(node);
        compiler.Emit(new(PatternAction.Match));
        return [.. compiler._instructions];
    }

    private int Next => _instructions.Count;

    private int Emit(Instruction instruction)
    {
        if (Next == MostInstructions)
            throw new KalmException($"the pattern needs more than {MostInstructions} steps");
        _instructions.Add(instruction);
        return Next - 1;
    }

    private void Add(PatternNode node)
    {
        switch (node)
        {
            case SetNode set:
                Emit(new(PatternAction.Read, Set: set.Set));
                break;
            case SequenceNode sequence:
                foreach (var part in sequence.Parts)
                    Add(part);
                break;
            case ChoiceNode choice:
                AddChoice(choice.Choices);
                break;
            case RepeatNode { Part: SetNode set, Kind: not Repetition.Lazy } repeat:
                Emit(new(PatternAction.ReadMany, repeat.Fewest, repeat.Highest, set.Set, repeat.Kind));
                break;
            case RepeatNode { Kind: Repetition.Possessive } repeat:
                AddApart(PatternAction.ReadOnce, repeat with { Kind = Repetition.Greedy });
                break;
            case RepeatNode repeat:
                AddRepeat(repeat);
                break;
            case LookAheadNode look:
                AddApart(look.Negative ? PatternAction.Exclude : PatternAction.Expect, look.Part);
                break;
            case LookBehindNode look:
                AddApart(look.Negative ? PatternAction.ExcludeBefore : PatternAction.ExpectBefore, look.Part);
                break;
            case AnchorNode anchor:
                Emit(new(PatternAction.Stand, (int)anchor.Anchor));
                break;
            case AtomicNode atomic:
                AddApart(PatternAction.ReadOnce, atomic.Part);
                break;
        }
    }

    private void AddApart(PatternAction action, PatternNode part)
    {
        var start = Emit(new(action));
        Add(part);
        Emit(new(PatternAction.Match));
        _instructions[start] = new(action, Next, part.Most, Least: part.Least);
    }

    private void AddChoice(IReadOnlyList<PatternNode> choices)
    {
        var exits = new List<int>();
        for (var index = 0; index < choices.Count; index++)
        {
            var attempt = index < choices.Count - 1 ? Emit(new(PatternAction.Try)) : -1;
            Add(choices[index]);
            if (attempt < 0)
                continue;
            exits.Add(Emit(new(PatternAction.Jump)));
            _instructions[attempt] = new(PatternAction.Try, attempt + 1, Next, choices[index].First);
        }
        foreach (var exit in exits)
            _instructions[exit] = new(PatternAction.Jump, Next);
    }

    private void AddRepeat(RepeatNode repeat)
    {
        for (var count = 0; count < repeat.Fewest; count++)
            Add(repeat.Part);
        if (repeat.Highest == RepeatNode.Unbounded)
        {
            var attempt = Emit(new(PatternAction.Try));
            Add(repeat.Part);
            Emit(new(PatternAction.Jump, attempt));
            _instructions[attempt] = Attempt(attempt, Next);
            return;
        }
        var attempts = new List<int>();
        for (var count = repeat.Fewest; count < repeat.Highest; count++)
        {
            attempts.Add(Emit(new(PatternAction.Try)));
            Add(repeat.Part);
        }
        foreach (var attempt in attempts)
            _instructions[attempt] = Attempt(attempt, Next);

        Instruction Attempt(int at, int exit) =>
            repeat.Kind == Repetition.Lazy ? new(PatternAction.Try, exit, at + 1) : new(PatternAction.Try, at + 1, exit);
    }
}
