import * as z from 'zod'
import { ListedResources } from '../../shared/jobs/job-lists.ts'
import type { UnrestorableList } from '../../shared/jobs/unrestorable-list.ts'
import type { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import type { Problem } from '../../shared/problems/problem.ts'

interface UrlServices {
  readonly urls: SignedUrls
}

/** An S3 object that lists resources, with a signed URL. */
export const SignedList = z
  .object({
    bucket: z.string(),
    key: z.string(),
    url: z.string().describe('A signed URL of the list, which has one resource a line, as JSON'),
    expires_at: z.string().describe('The time at which the URL expires'),
  })
  .readonly()
type SignedList = z.output<typeof SignedList>

/** The resources that an export or a restore left out. */
export const LeftOutView = z
  .object({
    ...ListedResources.unwrap().shape,
    list: z.exactOptional(SignedList).describe('The object that lists all resources that the job left out'),
  })
  .readonly()
  .meta({ id: 'LeftOutResources' })
type LeftOutView = z.output<typeof LeftOutView>

const WithList = z.looseObject({
  unrestorable_resources: z.looseObject({ list: z.object({ bucket: z.string(), key: z.string() }) }),
})

/**
 * Returns the problem of a failed job. If an object lists all resources that cannot be restored, adds a signed URL of
 * this object.
 */
export const problemView = async ({ urls }: UrlServices, problem: Problem): Promise<Problem> => {
  const { data } = WithList.safeParse(problem)
  if (data === undefined) return problem
  const list = await signList(urls, data.unrestorable_resources.list)
  return { ...problem, unrestorable_resources: { ...data.unrestorable_resources, list } }
}

/**
 * Returns an object with the member `left_out` of a response. If an S3 object lists all resources, adds a signed URL of
 * this S3 object. If no resource is left out, returns an empty object.
 */
export const leftOutView = async (
  { urls }: UrlServices,
  { left_out }: { readonly left_out?: ListedResources },
): Promise<{ readonly left_out?: LeftOutView }> => {
  if (left_out === undefined) return {}
  const { list, ...listed } = left_out
  return { left_out: list === undefined ? listed : { ...listed, list: await signList(urls, list) } }
}

const signList = async (urls: SignedUrls, list: UnrestorableList): Promise<SignedList> => {
  const { url, expires_at } = await urls.download(list, 'unrestorable.jsonl')
  return { ...list, url, expires_at: expires_at.toISOString() }
}
