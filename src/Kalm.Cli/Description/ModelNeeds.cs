using Kalm.Alignment;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Cli.Description;

/// <summary>What a model takes of a CPU's memory, in bytes: estimates from headers alone.</summary>
/// <param name="Model">The model as given.</param>
/// <param name="Reading">To read texts and embed them.</param>
/// <param name="Chatting">The same with the keys and values of a text that fills the context.</param>
/// <param name="Lora">To align low-rank matrices beside it; null for an adapter, which is no base.</param>
/// <param name="Full">To align every weight of it; null for an adapter.</param>
internal sealed record ModelNeeds(string Model, long Reading, long Chatting, long? Lora, long? Full)
{
    /// <summary>Estimates.</summary>
    /// <param name="model">The model.</param>
    public static ModelNeeds Of(OpenedModel model)
    {
        var source = model.Source;
        var training = TrainingFacts.Of(source.Config);
        var reading = ModelMemory.Program + ModelMemory.Reading(source);
        return new ModelNeeds(
            model.Given, reading, reading + (source.Config.MaxPositions * ModelMemory.CachedToken(source.Config)),
            Training(AlignmentMethod.Lora, training.Lora), Training(AlignmentMethod.Full, training.Full));

        long? Training(AlignmentMethod method, long learned) =>
            model.AdapterFolder is null ? AlignmentMemory.AtMost(model, method, learned).Total : null;
    }
}
