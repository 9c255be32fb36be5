import * as z from 'zod'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { issueLines, schemaMessage } from '../../values/schema-messages.ts'
import { Job, KEPT_SECONDS } from '../job.ts'

/** Returns the attribute `expires`. DynamoDB deletes an item with this attribute 90 days after `now`. */
export const expiresAttribute = (now: Date): { readonly expires: { N: string } } => ({
  expires: { N: (Math.floor(now.getTime() / 1000) + KEPT_SECONDS).toString() },
})

/**
 * The members of a job whose values are not strings. They are stored as JSON strings, so that DynamoDB does not convert
 * their numbers.
 */
const JSON_MEMBERS: readonly string[] = ['request', 'result', 'error', 'leased', 'rolled_back', 'expected']

/**
 * Returns the attributes for the given members of a job. `planned` is a map, so that an update can add a phase without
 * reading the job.
 */
export const jobAttributes = (members: object): Item => {
  const item: Item = {}
  const entries: [string, unknown][] = Object.entries(members)
  for (const [name, value] of entries) {
    if (value === undefined) continue
    if (JSON_MEMBERS.includes(name)) item[name] = { S: JSON.stringify(value) }
    else if (typeof value === 'string') item[name] = { S: value }
    else if (name === 'planned' && typeof value === 'object' && value !== null)
      item[name] = { M: plannedAttributes(value) }
  }
  return item
}

const plannedAttributes = (planned: object): Item =>
  Object.fromEntries(Object.entries(planned).map(([phase, count]) => [phase, { N: String(count) }]))

/**
 * Checks a job and returns it unchanged. Parsing with `Job` would remove unknown members of the job, such as members of
 * its result that another version has stored.
 */
const StoredJob = z.custom<Job>().superRefine((job, context) => {
  for (const { path, message } of Job.safeParse(job, { error: schemaMessage }).error?.issues ?? [])
    context.addIssue({ code: 'custom', path, message })
})

/**
 * Returns the job that an item contains. If the job is not valid, throws an error that lists its invalid members.
 */
export const jobOf = (item: Item): Job => {
  const members: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(item)) {
    if (NOT_MEMBERS.includes(name)) continue
    if (value.S !== undefined) members[name] = JSON_MEMBERS.includes(name) ? JSON.parse(value.S) : value.S
    else if (name === 'planned' && value.M !== undefined)
      members[name] = Object.fromEntries(Object.entries(value.M).map(([phase, count]) => [phase, Number(count.N)]))
  }
  const { success, data, error } = StoredJob.safeParse(members)
  if (success) return data
  throw new Error(
    `item ${item['pk']?.S ?? ''} of the job table does not contain a valid job:\n${issueLines(error).join('\n')}`,
  )
}

const NOT_MEMBERS: readonly string[] = ['pk', 'sk', 'expires']

export const jobKey = (jobId: string): Item => keyAttributes({ pk: `job#${jobId}`, sk: 'job' })
