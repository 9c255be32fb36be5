import * as z from 'zod'
import { startUploadedRestore } from '../../shared/restore/start/start-upload.ts'
import { event } from '../handlers/event.ts'

/** An `Object Created` event of S3. Unlike in other S3 notifications, the key is not URL-encoded. */
const ObjectCreated = z.object({
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
})

export type UploadEvent = z.input<typeof ObjectCreated>

/** Starts the restore of an archive that was uploaded to the restore bucket. S3 may deliver an event repeatedly. */
export const handler = event(ObjectCreated, async ({ detail: { bucket, object } }, services) => {
  await startUploadedRestore(services, {
    bucket: bucket.name,
    key: object.key,
    etag: object.etag,
    version_id: object['version-id'],
    sequencer: object.sequencer,
  })
})
