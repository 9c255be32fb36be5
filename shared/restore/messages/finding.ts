import * as z from 'zod'

/**
 * A difference between the archive and the store. Findings are stored in reports, so they must not contain values of
 * payloads, indexed values or other attributes. They may contain ids, names of fields, types, sizes and SHA-256 hashes
 * of whole payloads, blobs and resources.
 */
export const Finding = z
  .object({
    model: z.string(),
    /** Empty if the finding is about a blob or a whole model. */
    resource_id: z.string(),
    /** What differs, for example `blob f1 has other bytes`. */
    what: z.string(),
    /** What the archive requires, for example an id or a hash, but not a value of a field. */
    expected: z.string(),
    /** What the store contains, in the form of `expected`. */
    actual: z.string(),
  })
  .readonly()
  .meta({ id: 'Finding' })
export type Finding = z.output<typeof Finding>

/** The result of one check, for one pass or for the whole restore. */
export const CheckResult = z
  .object({
    /**
     * False if the restore caused at least one of the findings. True if there are no findings, or if all of them are
     * about faults that the archive already had.
     */
    passed: z.boolean(),
    /** The number of resources, revisions, references or blobs that were checked, depending on the check. */
    checked: z.int(),
    findings: z.array(Finding).readonly(),
    /** The number of all findings. `findings` contains only the first of them. */
    findings_total: z.int(),
  })
  .readonly()
  .meta({ id: 'CheckFindings' })
export type CheckResult = z.output<typeof CheckResult>
