import { z } from 'zod'

/** A resource that cannot be restored, and is therefore left out of an archive or of a restore. */
export const UnrestorableResource = z
  .object({
    model: z.string(),
    /** Empty if no record states it. */
    resource_id: z.string(),
    /** The key of the item that has the fault. Absent for a resource of a stream. */
    key: z.exactOptional(z.object({ pk: z.string(), sk: z.string() }).readonly()),
    reason: z.string(),
  })
  .readonly()
export type UnrestorableResource = z.output<typeof UnrestorableResource>
