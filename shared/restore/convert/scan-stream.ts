import { continueAt } from '../../jobs/cursor.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { contentHashes } from '../../specstar/content-hashes.ts'
import { readStream } from '../../specstar/read-stream.ts'
import { RevisionOwner } from '../../specstar/revision-owner.ts'
import { StreamOrder } from '../../specstar/stream-order.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import type { ConvertCursor, ConvertCursorOf, ConvertResultOf } from '../messages/convert.ts'
import { RecordScanner } from './record-scanner.ts'
import type { ConvertServices } from './services.ts'

/**
 * Runs one pass over the stream. The pass checks every record and writes sorted runs. If AWS throttles it until its
 * time is used up, it hands over after the last record.
 */
export const scanStream = async (
  attempt: Attempt,
  services: ConvertServices,
  cursor: ConvertCursorOf<'scan'>,
): Promise<ConvertResultOf<'scan'>> => {
  const { source, position } = cursor
  const order = new StreamOrder(cursor.order)
  const owner = new RevisionOwner(cursor.owner)
  const scanner = new RecordScanner(attempt, services, { order, owner, hashes: await contentHashes() })
  const finish = async (next: ConvertCursor): Promise<ConvertResultOf<'scan'>> => ({
    ...continueAt(next),
    ...(await scanner.finish()),
  })
  /** The position after the last record that was added. */
  let reached = cursor
  const scan = async (): Promise<ConvertCursor> => {
    for await (const record of readStream(services.objects.sourceOf(source), order, position)) {
      await scanner.add(record)
      const next = { offset: record.end, records: record.number }
      reached = { phase: 'scan', source, position: next, order: order.state, owner: owner.state }
      await scanner.writeFullRun()
      // After the EofRecord, the loop continues once more, so that `readStream` checks that no bytes follow.
      if (!order.hasEnded && (attempt.timeIsUp() || scanner.isFull)) return reached
    }
    return { phase: 'merge', source }
  }
  const next = await scan().catch((error: unknown) => {
    if (reached === cursor || !attempt.mustHandOver(error)) throw error
    return reached
  })
  return whileStoring(() => finish(next))
}
