import { UnrestorableResource } from '../../shared/jobs/unrestorable-resource.ts'
import type { WorkflowRunner } from './workflow-runner.ts'

/** Reads the list of resources to which the error of a failed job refers. */
export const linesOfList = async ({ services }: WorkflowRunner, error: unknown): Promise<UnrestorableResource[]> => {
  const { unrestorable_resources } = error as { unrestorable_resources: { list: { bucket: string; key: string } } }
  const { bucket, key } = unrestorable_resources.list
  const bytes = await services.objects.getBytes(bucket, key)
  const lines = (bytes?.toString() ?? '').split('\n').filter((line) => line !== '')
  return lines.map((line) => UnrestorableResource.parse(JSON.parse(line)))
}
