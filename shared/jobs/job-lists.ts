import * as z from 'zod'
import { MissingBlob } from '../blobs/referrer.ts'
import { UnrestorableList } from './unrestorable-list.ts'
import { UnrestorableResource } from './unrestorable-resource.ts'

/** Blobs in the result of a job. */
export const ListedBlobs = z
  .object({
    count: z.int(),
    /** The first 100 ids. */
    ids: z.array(z.string()).readonly(),
    /** The first blobs, each with the first 3 resources that refer to it. Absent if no such resource is known. */
    referred_by: z.exactOptional(z.array(MissingBlob).readonly()),
  })
  .readonly()
export type ListedBlobs = z.output<typeof ListedBlobs>

/** Resources in the result of a job. */
export const ListedResources = z
  .object({
    count: z.int(),
    /** The first 100, or fewer if they exceed 14 KiB. */
    resources: z.array(UnrestorableResource).readonly(),
    /**
     * The object that lists the resources that the job itself has left out. Absent if the job has left out none, and in
     * jobs of earlier releases.
     */
    list: z.exactOptional(UnrestorableList),
  })
  .readonly()
export type ListedResources = z.output<typeof ListedResources>

const ListedIds = z
  .object({
    count: z.int(),
    /** The first 100, or fewer if they exceed 7 KiB. */
    ids: z.array(z.string()).readonly(),
  })
  .readonly()
type ListedIds = z.output<typeof ListedIds>

/** The members of a result that list the ids of a request for which nothing was exported or restored. */
export const IdsWithoutResource = z
  .object({
    /** The ids for which no model of the scope has a resource. Absent if a resource was found for every id. */
    not_found: z.exactOptional(ListedIds),
    /** The ids of resources that a filter other than `ids` excludes. Absent if no other filter excludes an id. */
    excluded: z.exactOptional(ListedIds),
  })
  .readonly()
export type IdsWithoutResource = z.output<typeof IdsWithoutResource>
