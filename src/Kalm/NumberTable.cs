namespace Kalm;

/// <summary>What the numbers of a <see cref="NumberTable{TKey}"/> stand for.</summary>
/// <typeparam name="TKey">What is looked up.</typeparam>
internal interface INumbered<TKey> where TKey : allows ref struct
{
    /// <summary>The hash of something that may or may not have a number.</summary>
    int HashOf(TKey key);

    /// <summary>The hash of what has the number.</summary>
    int HashOf(int number);

    /// <summary>Whether a number stands for it.</summary>
    bool Is(int number, TKey key);
}

/// <summary>Finds the numbers of things that lie elsewhere: a hash table of five to eleven bytes a number.</summary>
/// <param name="things">What the numbers stand for.</param>
internal sealed class NumberTable<TKey>(INumbered<TKey> things) where TKey : allows ref struct
{
    private const int FirstBits = 4;
    private int bits = FirstBits;
    private int count;

    // A number + 1 in the lower bits, which the size leaves for it, and the beginning of its hash in the others; 0 for none.
    private uint[] slots = new uint[1 << FirstBits];

    /// <summary>The number of something; -1 where it has none.</summary>
    public int Find(TKey key)
    {
        var hash = Mix(things.HashOf(key));
        var numbers = (1u << bits) - 1;
        for (var slot = hash & numbers; slots[slot] != 0; slot = (slot + 1) & numbers)
            if (((slots[slot] ^ hash) & ~numbers) == 0 && things.Is((int)(slots[slot] & numbers) - 1, key))
                return (int)(slots[slot] & numbers) - 1;
        return -1;
    }

    /// <summary>Takes in a number, of something that had none.</summary>
    public void Add(int number)
    {
        count++;
        if (count > slots.Length / 4 * 3L)
            Grow();
        Insert(number);
    }

    private void Grow()
    {
        var numbers = (1u << bits) - 1;
        var earlier = slots;
        bits++;
        slots = new uint[1L << bits];
        foreach (var slot in earlier)
            if (slot != 0)
                Insert((int)(slot & numbers) - 1);
    }

    private void Insert(int number)
    {
        var hash = Mix(things.HashOf(number));
        var numbers = (1u << bits) - 1;
        var slot = hash & numbers;
        while (slots[slot] != 0)
            slot = (slot + 1) & numbers;
        slots[slot] = (hash & ~numbers) | (uint)(number + 1);
    }

    // The lower bits choose the place, so every bit of the hash has to count in them.
    private static uint Mix(int hash)
    {
        var mixed = (uint)hash * 0x9E3779B1u;
        mixed = (mixed ^ (mixed >> 15)) * 0x85EBCA77u;
        return mixed ^ (mixed >> 13);
    }
}
