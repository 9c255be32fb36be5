import type { Writable } from 'node:stream'

const failures = new WeakMap<Writable, Error>()

/** Remembers the first error of an output stream, which would otherwise end the process. */
export const watchStream = (stream: Writable): void => {
  stream.on('error', (error) => {
    remember(stream, error)
  })
}

const remember = (stream: Writable, error: Error): void => {
  if (!failures.has(stream)) failures.set(stream, error)
}

/** Returns the first error of a stream that `watchStream` watches. */
export const failureOf = (stream: Writable): Error | undefined => failures.get(stream)

/** Returns true if an error is that of a failed stream. */
export const isFailureOf = (stream: Writable, error: unknown): boolean =>
  failures.has(stream) && codeOf(error) === codeOf(failures.get(stream))

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : error)

/** Returns true if the reader of a pipe has closed it, as `head` does. */
export const isBrokenPipe = (error: unknown): boolean => codeOf(error) === 'EPIPE'

/** Waits until everything has been written, or until the stream has failed. */
export const flushed = (stream: Writable): Promise<void> =>
  failures.has(stream)
    ? Promise.resolve()
    : new Promise((resolve) => {
        stream.write('', () => {
          resolve()
        })
      })

/**
 * Writes pieces one after the other. Waits while the reader of the stream is slower. Does not end the stream. Throws if
 * the stream has failed.
 */
export const writePieces = async (stream: Writable, pieces: AsyncIterable<string | Buffer>): Promise<void> => {
  for await (const piece of pieces) await writePiece(stream, piece)
}

const writePiece = async (stream: Writable, piece: string | Buffer): Promise<void> => {
  const failure = failures.get(stream)
  if (failure !== undefined) throw failure
  await new Promise<void>((resolve, reject) => {
    const isAccepted = stream.write(piece, (error) => {
      if (!(error instanceof Error)) {
        resolve()
        return
      }
      remember(stream, error)
      reject(error)
    })
    if (isAccepted) resolve()
  })
}
