import type { ReferenceSorter, SortedReference } from '../../../shared/archive/check/references.ts'
import { blobPosition } from '../../../shared/blobs/blob-references.ts'
import { compareBytes } from '../../../shared/values/text-order.ts'

/** Sorts references in memory. */
export class MemoryReferences implements ReferenceSorter {
  readonly all: SortedReference[] = []

  add(model: string, file_id: string, resource_id: string): void {
    this.all.push({ position: blobPosition(file_id), model, file_id, resource_id })
  }

  async *sorted(): AsyncGenerator<SortedReference> {
    yield* await Promise.resolve(
      this.all.sort((a, b) => compareBytes(a.position, b.position) || compareBytes(a.model, b.model)),
    )
  }
}
