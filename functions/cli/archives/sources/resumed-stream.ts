import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'

/**
 * The number of consecutive attempts to read a range. An attempt that returns bytes resets the count, because a
 * download of many GB may break often.
 */
const ATTEMPTS = 5
/** The wait before the first repetition in ms. It doubles with each further repetition. */
const FIRST_WAIT_MS = 200

/** Calls `request`, and repeats it if it fails. `isFinal` returns true for errors that a repetition cannot change. */
export const repeated = async <Result>(
  request: () => Promise<Result>,
  isFinal: (error: unknown) => boolean,
): Promise<Result> => {
  for (let failed = 1; ; failed++) {
    try {
      return await request()
    } catch (error) {
      if (failed === ATTEMPTS || isFinal(error)) throw error
      await sleep(FIRST_WAIT_MS * 2 ** (failed - 1))
    }
  }
}

/**
 * Returns a range as a stream. If the connection breaks, or ends before the range is complete, requests the rest of the
 * range. `open` sends one request. `isFinal` returns true for errors that a repetition cannot change.
 */
export const resumedStream = (
  start: number,
  length: number,
  open: (start: number, length: number) => Promise<Readable>,
  isFinal: (error: unknown) => boolean,
): Readable => Readable.from(pieces(start, length, open, isFinal), { objectMode: false })

async function* pieces(
  start: number,
  length: number,
  open: (start: number, length: number) => Promise<Readable>,
  isFinal: (error: unknown) => boolean,
): AsyncGenerator<Buffer> {
  let done = 0
  let failed = 0
  while (done < length) {
    let error: unknown = new Error(`the connection ended after ${done} of ${length} bytes`)
    try {
      for await (const piece of buffersOf(await open(start + done, length - done))) {
        const needed = piece.subarray(0, length - done)
        done += needed.length
        failed = 0
        yield needed
        if (done === length) return
      }
    } catch (caught) {
      error = caught
    }
    if (done === length) return
    failed += 1
    if (failed === ATTEMPTS || isFinal(error)) throw error
    await sleep(FIRST_WAIT_MS * 2 ** (failed - 1))
  }
}
