import process from 'node:process'

/** A request from the parent process. */
interface Request {
  readonly id: number
  readonly command: string
  readonly input: unknown
}

/**
 * Answers the requests of the parent process, one after the other or at the same time, until the parent disconnects.
 * Sends `ready` first. Parents use `BenchProcess`. This file imports no libraries, so that they do not add to the
 * memory of a measured process.
 */
export const answerRequests = (
  commands: Readonly<Record<string, (input: unknown) => Promise<unknown>>>,
  onDisconnect: () => Promise<void> = () => Promise.resolve(),
): void => {
  const answer = async ({ id, command, input }: Request): Promise<void> => {
    try {
      const run = commands[command]
      if (run === undefined) throw new Error(`this process has no command ${command}`)
      send({ id, result: (await run(input)) ?? null })
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
      send({ id, error: { name, message, stack } })
    }
  }
  process.on('message', (message) => {
    void answer(message as Request)
  })
  // Ctrl-C also sends SIGINT to this process. The parent ends it.
  process.on('SIGINT', () => undefined)
  process.once('disconnect', () => {
    void onDisconnect().finally(() => process.exit())
  })
  send({ ready: true })
}

const send = (message: object): void => {
  if (process.connected) process.send?.(message, () => undefined)
}
