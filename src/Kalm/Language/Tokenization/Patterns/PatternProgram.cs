namespace Kalm.Language.Tokenization.Patterns;

/// <summary>What an instruction does.</summary>
internal enum PatternAction : byte
{
    /// <summary>Reads one character of <see cref="Instruction.Set"/>.</summary>
    Read,

    /// <summary>Reads <see cref="Instruction.X"/> to <see cref="Instruction.Y"/> characters of <see cref="Instruction.Set"/>, as many as
    /// there are.</summary>
    ReadMany,

    /// <summary>Goes on at <see cref="Instruction.X"/>, and if that fails at <see cref="Instruction.Y"/>.</summary>
    Try,

    /// <summary>Goes on at <see cref="Instruction.X"/>.</summary>
    Jump,

    /// <summary>Goes on at <see cref="Instruction.X"/> if what stands between matches here.</summary>
    Expect,

    /// <summary>Goes on at <see cref="Instruction.X"/> if what stands between does not match here.</summary>
    Exclude,

    /// <summary>Reads what the part between matches first, and goes on at <see cref="Instruction.X"/>.</summary>
    ReadOnce,

    /// <summary>The pattern, or the part, has matched.</summary>
    Match,
}

/// <summary>One step of a compiled pattern.</summary>
internal readonly record struct Instruction(
    PatternAction Action, int X = 0, int Y = 0, CharacterSet? Set = null, Repetition Kind = Repetition.Greedy);

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
                Emit(new(PatternAction.ReadMany, repeat.Least, repeat.Most, set.Set, repeat.Kind));
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
        _instructions[start] = new(action, Next);
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
            _instructions[attempt] = new(PatternAction.Try, attempt + 1, Next);
        }
        foreach (var exit in exits)
            _instructions[exit] = new(PatternAction.Jump, Next);
    }

    private void AddRepeat(RepeatNode repeat)
    {
        for (var count = 0; count < repeat.Least; count++)
            Add(repeat.Part);
        if (repeat.Most == RepeatNode.Unbounded)
        {
            var attempt = Emit(new(PatternAction.Try));
            Add(repeat.Part);
            Emit(new(PatternAction.Jump, attempt));
            _instructions[attempt] = Attempt(attempt, Next);
            return;
        }
        var attempts = new List<int>();
        for (var count = repeat.Least; count < repeat.Most; count++)
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
