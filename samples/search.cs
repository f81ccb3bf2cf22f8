#:project ../src/Kalm.Extensions/Kalm.Extensions.csproj
#:property PublishAot=false
using Kalm.Completion;
using Kalm.Engine;
using Kalm.Extensions.VectorData;
using Kalm.Graph;
using Kalm.Representation;

// dotnet run samples/search.cs -- kalm-demo/run samples/world "a long river in Africa" Peru borders
NativeEngine.Initialize();
using var model = new LoadedModel(OpenedModel.Open(args[0]));
using var completer = Completer.Open(model, KnowledgeGraph.Load(args[1]));
using var store = new KalmVectorStore(completer);
var entities = store.GetCollection<string, EntityRecord>("entities");
await foreach (var found in entities.SearchAsync(args[2], top: 3, new() { Filter = record => record.Name != args[2] }))
    Console.WriteLine($"{found.Score:F3} {found.Record.Name}: {found.Record.Text}");
await foreach (var found in entities.SearchAsync(new EntityQuery(args[3], args[4]), top: 3))
    Console.WriteLine($"{found.Score:F3} {found.Record.Name}");
