#:project ../src/Kalm.Extensions/Kalm.Extensions.csproj
#:property PublishAot=false
using Kalm.Extensions;

// dotnet run samples/embed.cs -- kalm-demo/run "a country in South America" "a river in Africa"
using var model = SharedModel.Load(args[0]);
var embeddings = await new KalmEmbeddingGenerator(model).GenerateAsync(args[1..]);
Console.WriteLine($"{embeddings.Count} vectors of {embeddings[0].Vector.Length} values from {embeddings.Usage!.InputTokenCount} tokens");
foreach (var (text, embedding) in args[1..].Zip(embeddings))
    Console.WriteLine($"{text}: {string.Join(' ', embedding.Vector.ToArray().Take(4).Select(value => value.ToString("F3")))} …");
