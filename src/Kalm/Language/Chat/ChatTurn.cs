namespace Kalm.Language.Chat;

/// <summary>What somebody said in a chat.</summary>
/// <param name="Role">system, user or assistant; a template may know others.</param>
/// <param name="Text">What was said.</param>
public sealed record ChatTurn(string Role, string Text);
