import * as z from 'zod'
import type { WorkFile } from '../../jobs/work-files.ts'

/**
 * The groups of resources that differ between the archive and the store:
 * - `new`: only the archive contains the resource. Only a dry run finds such resources.
 * - `changed`: both contain the resource, with different content.
 * - `missing`: the restore should have written the resource, but it is not in the store.
 * - `target_only`: only the store contains the resource.
 */
export const DIFFERENCE_GROUPS = ['new', 'changed', 'missing', 'target_only'] as const
export const DifferenceGroup = z.enum(DIFFERENCE_GROUPS)
export type DifferenceGroup = z.output<typeof DifferenceGroup>

/** A page of ids that one pass has written. The object of the page is one zstd frame with a JSON list of ids. */
export const DifferencePage = z
  .object({
    group: DifferenceGroup,
    model: z.string(),
    /** The number of ids. */
    count: z.int(),
    /** The name of the object, without the prefix of the job. */
    name: z.string(),
  })
  .readonly()
export type DifferencePage = z.output<typeof DifferencePage>

const DifferencePages = z.array(DifferencePage).readonly()

/** The pages of one pass, for each group in the order of the archive. */
export const PASS_DIFFERENCES: WorkFile<readonly DifferencePage[], [stage: string, n: number, attempt: string]> = {
  name: (stage, n, attempt) => `differences/${stage}/${n}/${attempt}.json`,
  content: DifferencePages,
}

/** Written by `report`: the pages of all passes, by group. Each group is in the order of the archive. */
export const JOB_DIFFERENCES: WorkFile<readonly DifferencePage[]> = {
  name: () => 'differences.json',
  content: DifferencePages,
}

/** A resource of a group. */
export const DifferingResource = z.object({ model: z.string(), resource_id: z.string() }).readonly()
const FirstOfGroup = z
  .object({
    /** The number of all resources of the group. */
    count: z.int(),
    /** The first 1,000 of them, in the order of the archive. */
    resources: z.array(DifferingResource).readonly(),
  })
  .readonly()
/** The first resources of each group. A group without resources is absent. */
export const FirstDifferences = z
  .object({
    new: z.exactOptional(FirstOfGroup),
    changed: z.exactOptional(FirstOfGroup),
    missing: z.exactOptional(FirstOfGroup),
    target_only: z.exactOptional(FirstOfGroup),
  })
  .readonly()
export type FirstDifferences = z.output<typeof FirstDifferences>

/** Written by `report`. It is a separate file, because it is read whenever the job is returned. */
export const FIRST_DIFFERENCES: WorkFile<FirstDifferences> = {
  name: () => 'first-differences.json',
  content: FirstDifferences,
}
