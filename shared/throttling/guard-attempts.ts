import type { FinalizeRequestMiddleware, MiddlewareStack } from '@smithy/types'

/** The part of an SDK command that is needed to add a middleware. */
interface Command<Input extends object, Output extends object> {
  readonly middlewareStack: Pick<MiddlewareStack<Input, Output>, 'addRelativeTo'>
}

/**
 * Calls `guard` before each attempt of a command, also before the attempts that the SDK repeats. If the guard throws,
 * the attempt is not sent, and the call fails with the thrown error. The guard runs immediately before the attempt is
 * signed, after the wait for the limit of attempts in flight. Returns the command.
 */
export const guardAttempts = <Input extends object, Output extends object, Guarded extends Command<Input, Output>>(
  command: Guarded & Command<Input, Output>,
  guard: () => Promise<void>,
): Guarded => {
  const guarded: FinalizeRequestMiddleware<Input, Output> = (next) => async (args) => {
    await guard()
    return next(args)
  }
  command.middlewareStack.addRelativeTo(guarded, {
    relation: 'before',
    toMiddleware: 'httpSigningMiddleware',
    name: 'guardAttempts',
  })
  return command
}
