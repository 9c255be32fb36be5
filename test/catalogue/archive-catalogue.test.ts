import { useServices } from '../services.ts'
import { archiveCatalogueContract } from './archive-catalogue.contract.ts'
import { archiveEvidenceContract } from './archive-evidence.contract.ts'

archiveCatalogueContract(useServices)
archiveEvidenceContract(useServices)
