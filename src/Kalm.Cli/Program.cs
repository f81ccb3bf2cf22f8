using System.Text;
using Kalm.Cli;

// Redirected output is UTF-8 whatever the locale says; the results hold names in any script.
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
using var interruption = new Interruption();
return Application.Run(args, Terminal.OfProcess(interruption.Token));
