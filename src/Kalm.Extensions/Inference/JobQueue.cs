namespace Kalm.Extensions.Inference;

/// <summary>The jobs that wait for the model, of a bounded number. Chats stand in a line of their own, so that what is quick passes
/// them.</summary>
/// <param name="most">How many may wait.</param>
internal sealed class JobQueue(int most)
{
    private readonly object gate = new();
    private readonly Queue<Job> quick = new();
    private readonly Queue<ChatJob> chats = new();
    private bool isClosed;

    /// <summary>The number of jobs that wait.</summary>
    public int Length
    {
        get
        {
            lock (gate)
                return quick.Count + chats.Count;
        }
    }

    /// <summary>Adds a job.</summary>
    /// <exception cref="ModelUnavailableException">Too many wait, or the model is closed.</exception>
    public void Add(Job job)
    {
        lock (gate)
        {
            if (isClosed)
                throw ModelUnavailableException.Closed();
            if (quick.Count + chats.Count >= most)
                throw ModelUnavailableException.Busy($"{most} requests are waiting for the model already");
            if (job is ChatJob chat)
                chats.Enqueue(chat);
            else
                quick.Enqueue(job);
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Takes the next jobs; waits for some when the model has nothing else to do.</summary>
    /// <param name="taken">Emptied and filled.</param>
    /// <param name="mostViews">Encoding jobs are taken together up to so many views.</param>
    /// <param name="mostChats">Chats are taken up to this number.</param>
    /// <param name="isIdle">Whether to wait.</param>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool Take(List<Job> taken, int mostViews, int mostChats, bool isIdle)
    {
        taken.Clear();
        lock (gate)
        {
            while (isIdle && quick.Count + chats.Count == 0)
            {
                if (isClosed)
                    return false;
                Monitor.Wait(gate);
            }
            for (var views = 0; quick.TryPeek(out var next);)
            {
                // A call is done by itself.
                if (taken.Count > 0 && (next is not EncodingJob more || views + more.Weight > mostViews))
                    break;
                taken.Add(quick.Dequeue());
                if (next is not EncodingJob encoding)
                    break;
                views += encoding.Weight;
            }
            AddChats(taken, mostChats);
            return true;
        }
    }

    /// <summary>Takes the next chats, without waiting for any.</summary>
    /// <param name="taken">Emptied and filled.</param>
    /// <param name="most">Up to this number.</param>
    public void TakeChats(List<Job> taken, int most)
    {
        taken.Clear();
        lock (gate)
            AddChats(taken, most);
    }

    private void AddChats(List<Job> taken, int most)
    {
        for (var count = 0; count < most && chats.TryDequeue(out var chat); count++)
            taken.Add(chat);
    }

    /// <summary>Lets no more in.</summary>
    public void Close()
    {
        lock (gate)
        {
            isClosed = true;
            Monitor.PulseAll(gate);
        }
    }
}
