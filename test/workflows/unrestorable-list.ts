import type { UnrestorableList } from '../../shared/jobs/unrestorable-list.ts'
import { UnrestorableResource } from '../../shared/jobs/unrestorable-resource.ts'
import type { WorkflowRunner } from './workflow-runner.ts'

/** Reads the list of resources to which the error of a failed job refers. */
export const linesOfList = async (
  { services }: Pick<WorkflowRunner, 'services'>,
  error: unknown,
): Promise<UnrestorableResource[]> => {
  const { unrestorable_resources } = error as { unrestorable_resources: { list: { bucket: string; key: string } } }
  return linesAt({ services }, unrestorable_resources.list)
}

/** Reads a list of resources that cannot be restored. */
export const linesAt = async (
  { services }: Pick<WorkflowRunner, 'services'>,
  { bucket, key }: UnrestorableList = { bucket: '', key: '' },
): Promise<UnrestorableResource[]> => {
  const bytes = await services.objects.getBytes(bucket, key)
  const lines = (bytes?.toString() ?? '').split('\n').filter((line) => line !== '')
  return lines.map((line) => UnrestorableResource.parse(JSON.parse(line)))
}
