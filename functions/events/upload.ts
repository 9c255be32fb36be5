import type { EventBridgeEvent } from 'aws-lambda'
import { z } from 'zod'
import { startUploadedRestore } from '../../shared/restore/start/start-upload.ts'
import { eventHandler } from '../handlers/event.ts'

/** What is read of S3's `Object Created` event. The key stands there as it is: it is not decoded. */
const ObjectCreated = z.object({
  bucket: z.object({ name: z.string() }),
  object: z.object({
    key: z.string(),
    etag: z.string().optional(),
    'version-id': z.string().optional(),
    sequencer: z.string().optional(),
  }),
})

export type UploadEvent = Pick<EventBridgeEvent<'Object Created', unknown>, 'detail'>

/** An object was put into the restore bucket: starts its restore. The same event may come more than once. */
export const handler = eventHandler<UploadEvent>(async ({ detail }, services) => {
  const { bucket, object } = ObjectCreated.parse(detail)
  await startUploadedRestore(services, {
    bucket: bucket.name,
    key: object.key,
    etag: object.etag,
    version_id: object['version-id'],
    sequencer: object.sequencer,
  })
})
