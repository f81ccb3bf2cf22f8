#:project ../src/Kalm/Kalm.csproj
#:property PublishAot=false
using Kalm.Completion;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Representation;

// dotnet run samples/complete.cs -- kalm-demo/run samples/world Peru borders
NativeEngine.Initialize();
using var model = new LoadedModel(OpenedModel.Open(args[0]));
using var completer = Completer.Open(model, KnowledgeGraph.Load(args[1]));
var (head, relation) = (completer.Catalog.Find(args[2]), completer.Catalog.FindRelation(args[3]));
foreach (var answer in completer.Entities(head, relation, top: 5))
    Console.WriteLine($"{answer.Probability:P1} {completer.Catalog[answer.Entity].Name}{(answer.Split is null ? "" : " (known)")}");
