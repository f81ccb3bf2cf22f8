using Kalm.Files;

namespace Kalm.Tests.Files;

public sealed class StagedFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Appears_whole_on_commit()
    {
        var target = _folder.File("a/b/run");
        using (var staged = new StagedFolder(target))
        {
            Directory.CreateDirectory(staged.File("inner"));
            File.WriteAllText(staged.File("inner/one"), "1");
            Assert.False(Directory.Exists(target));
            Assert.Equal(_folder.File($"a/b/.run.partial-{Environment.ProcessId}"), staged.Path);
            staged.Commit();
        }
        Assert.Equal("1", File.ReadAllText(Path.Combine(target, "inner/one")));
        Assert.Single(Directory.GetFileSystemEntries(_folder.File("a/b")));
    }

    [Fact]
    public void Leaves_nothing_behind_without_commit()
    {
        using (var staged = new StagedFolder(_folder.File("a/b/run")))
            File.WriteAllText(staged.File("one"), "1");
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Replaces_an_empty_folder_and_keeps_it_on_failure()
    {
        var target = Directory.CreateDirectory(_folder.File("run")).FullName;
        using (new StagedFolder(target))
        {
        }
        Assert.Equal([target], Directory.GetFileSystemEntries(_folder.Path));
        using (var staged = new StagedFolder(target + "/"))
        {
            File.WriteAllText(staged.File("one"), "1");
            staged.Commit();
        }
        Assert.Equal([Path.Combine(target, "one")], Directory.GetFileSystemEntries(target));
    }

    [Fact]
    public void Follows_a_link_to_an_empty_folder()
    {
        var real = Directory.CreateDirectory(_folder.File("disk/real")).FullName;
        Directory.CreateSymbolicLink(_folder.File("run"), real);
        using (var staged = new StagedFolder(_folder.File("run")))
        {
            File.WriteAllText(staged.File("one"), "1");
            staged.Commit();
        }
        Assert.True(File.Exists(Path.Combine(real, "one")));
        Assert.NotNull(new DirectoryInfo(_folder.File("run")).LinkTarget);
    }

    [Fact]
    public void Refuses_a_full_folder_or_a_file_before_anything_is_written()
    {
        var file = _folder.Write("run/old", "old");
        Assert.Contains("not empty", Assert.Throws<KalmException>(() => new StagedFolder(_folder.File("run"))).Message,
            StringComparison.Ordinal);
        Assert.Throws<KalmException>(() => new StagedFolder(file));
        Assert.Throws<KalmException>(() => new StagedFolder(Path.Combine(file, "below")));
        Assert.Equal([_folder.File("run")], Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal("old", File.ReadAllText(file));
    }

    [Fact]
    public void Refuses_to_overwrite_what_came_while_it_was_filled()
    {
        using (var staged = new StagedFolder(_folder.File("run")))
        {
            _folder.Write("run/other", "other");
            Assert.Throws<KalmException>(staged.Commit);
        }
        Assert.Equal([_folder.File("run/other")], Directory.GetFileSystemEntries(_folder.File("run")));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Refuses_a_second_writer_and_clears_what_a_crash_left()
    {
        var stale = _folder.Write($".run.partial-{Environment.ProcessId}/stale", "");
        using var first = new StagedFolder(_folder.File("run"));
        Assert.False(File.Exists(stale));
        Assert.Contains("being written", Assert.Throws<KalmException>(() => new StagedFolder(_folder.File("run"))).Message,
            StringComparison.Ordinal);
        Assert.True(Directory.Exists(first.Path));
    }

    [Fact]
    public void A_file_is_replaced_whole_or_not_at_all()
    {
        var path = _folder.Write("text", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        AtomicFile.WriteAllText(path, "né");
        Assert.Equal([(byte)'n', 0xC3, 0xA9], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
        Assert.Contains(_folder.File("absent/text"),
            Assert.Throws<KalmException>(() => AtomicFile.WriteAllText(_folder.File("absent/text"), "")).Message, StringComparison.Ordinal);
    }
}
