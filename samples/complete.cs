#:project ../src/Kalm/Kalm.csproj
#:property PublishAot=false
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;

// dotnet run samples/complete.cs -- kalm-demo/run samples/world Peru borders
NativeEngine.Initialize();
var graph = KnowledgeGraph.Load(args[1]);
var lookup = new GraphLookup(graph);
using var model = new LoadedModel(OpenedModel.Open(args[0]));
using var completer = new Completer(model, graph, progress: null, CancellationToken.None);
var head = lookup.Entity(args[2]) is { } known ? QueryEntity.Of(graph, known) : new QueryEntity(null, args[2]);
foreach (var answer in completer.Entities(head, lookup.DirectedRelation(args[3]), top: 5))
    Console.WriteLine($"{answer.Probability:P1} {graph.Entities[answer.Entity].Name}{(answer.Split is null ? "" : " (known)")}");
