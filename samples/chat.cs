#:project ../src/Kalm.Extensions/Kalm.Extensions.csproj
#:package Microsoft.Extensions.DependencyInjection
#:property PublishAot=false
using Kalm.Extensions;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

// dotnet run samples/chat.cs -- kalm-demo/run "What is the relation between Lima and Peru?"
await using var services = new ServiceCollection().AddKalm(args[0]).BuildServiceProvider();
await foreach (var update in services.GetRequiredService<IChatClient>()
    .GetStreamingResponseAsync(args[1], new ChatOptions { MaxOutputTokens = 32 }))
    Console.Write(update.Text);
Console.WriteLine();
