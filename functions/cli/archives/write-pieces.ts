import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Writes pieces one after the other. Waits while the reader of the output is slower. Does not end the output. */
export const writePieces = async (output: Writable, pieces: AsyncIterable<string | Buffer>): Promise<void> => {
  for await (const piece of pieces) if (!output.write(piece)) await once(output, 'drain')
}
