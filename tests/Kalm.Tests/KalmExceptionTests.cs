namespace Kalm.Tests;

public class KalmExceptionTests
{
    [Fact]
    public void Keeps_the_message_for_the_user()
    {
        Assert.Equal("train.txt(3): no tab", new KalmException("train.txt(3): no tab").Message);
    }
}
