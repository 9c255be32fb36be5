import { Transform } from 'node:stream'
import { SingleBar } from 'cli-progress'
import type { Io } from './io.ts'
import type { Output } from './output.ts'
import { rateText } from './phase-bars.ts'

/** Counts the bytes of an upload or a download, and shows them in a bar. */
export interface Transfer {
  /** Passes all bytes on. */
  readonly counter: Transform
  /** Counts bytes that do not pass through `counter`. */
  readonly add: (bytes: number) => void
  readonly end: () => void
}

/** Returns a counter of bytes. It has a bar if stderr is a terminal. */
export const countedTransfer = (io: Pick<Io, 'stderr'>, output: Output, name: string, total: number): Transfer => {
  let bytes = 0
  const begin = performance.now()
  const bar = output.isAnimated
    ? new SingleBar({
        stream: io.stderr,
        format: '{name} {bar} {percentage}%  {amounts}',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 24,
        clearOnComplete: true,
        hideCursor: true,
        fps: 10,
      })
    : undefined
  const payload = (): object => ({
    name,
    amounts: rateText(
      { name: 'bytes', done: bytes, total },
      {
        seconds: (performance.now() - begin) / 1000,
        from: 0,
      },
    ),
  })
  bar?.start(total, 0, payload())
  const add = (more: number): void => {
    bytes += more
    bar?.update(bytes, payload())
  }
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      add(chunk.length)
      callback(null, chunk)
    },
  })
  return { counter, add, end: () => bar?.stop() }
}
