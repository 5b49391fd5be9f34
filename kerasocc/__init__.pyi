"""What type checkers read in place of names that are imported when they are first used."""

from kerasocc import baselines as baselines
from kerasocc import callbacks as callbacks
from kerasocc import datasets as datasets
from kerasocc import estimators as estimators
from kerasocc import explanations as explanations
from kerasocc import networks as networks
from kerasocc import regularizers as regularizers
from kerasocc.callbacks.collapse import CollapseError as CollapseError
from kerasocc.engine.loading import load_model as load_model
from kerasocc.engine.train_together import train_together as train_together
from kerasocc.experiments.runs.batch_scorer import BatchScorer as BatchScorer
from kerasocc.experiments.runs.ray_scores import score_with_ray as score_with_ray
from kerasocc.models.autoencoder import Autoencoder as Autoencoder
from kerasocc.models.base import OneClassModel as OneClassModel
from kerasocc.models.deep_sad import DeepSAD as DeepSAD
from kerasocc.models.deep_svdd import DeepSVDD as DeepSVDD
from kerasocc.models.ensemble import Ensemble as Ensemble
from kerasocc.models.fcdd import FCDD as FCDD
from kerasocc.models.geo import GEO as GEO
from kerasocc.models.hypersphere_classifier import HypersphereClassifier as HypersphereClassifier
from kerasocc.models.icl import ICL as ICL
from kerasocc.models.multi_head_rotnet import MultiHeadRotNet as MultiHeadRotNet
from kerasocc.models.nearest_neighbors import NearestNeighbors as NearestNeighbors
from kerasocc.models.neutral_ad import NeuTraLAD as NeuTraLAD
from kerasocc.models.oc_nn import OCNN as OCNN
from kerasocc.models.robust_autoencoder import RobustAutoencoder as RobustAutoencoder
from kerasocc.pretraining import pretrain as pretrain
from kerasocc.serving.exporting import export as export

__version__: str
