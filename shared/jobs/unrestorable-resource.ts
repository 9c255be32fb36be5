import * as z from 'zod'

/** A resource that cannot be restored, and is therefore left out of an archive or of a restore. */
export const UnrestorableResource = z
  .object({
    model: z.string(),
    /** An empty string if no record contains the id. */
    resource_id: z.string(),
    /** The key of the faulty item. Absent for a resource of a SpecStar stream, which has no items. */
    key: z.exactOptional(z.object({ pk: z.string(), sk: z.string() }).readonly()),
    reason: z.string(),
  })
  .readonly()
export type UnrestorableResource = z.output<typeof UnrestorableResource>
