"""The classes of libraries that a result may name: exactly these, each by the module that shows it.

A provider chooses the name, so that nothing but what stands here is ever imported or looked up for it.
The guest reads this file, too (run/sandbox/suite.py), so that it imports nothing of ours.
"""

import importlib
import re
from typing import Any

ERRORS = {
    "_csv": "Error",
    "binascii": "Error Incomplete",
    "calendar": "IllegalMonthError IllegalWeekdayError",
    "configparser": "DuplicateOptionError DuplicateSectionError Error InterpolationDepthError"
    " InterpolationError InterpolationMissingOptionError InterpolationSyntaxError MissingSectionHeaderError"
    " NoOptionError NoSectionError ParsingError",
    "copy": "Error",
    "dataclasses": "FrozenInstanceError",
    "decimal": "Clamped ConversionSyntax DecimalException DivisionByZero DivisionImpossible DivisionUndefined"
    " FloatOperation Inexact InvalidContext InvalidOperation Overflow Rounded Subnormal Underflow",
    "graphlib": "CycleError",
    "json": "JSONDecodeError",
    "numpy.exceptions": "AxisError ComplexWarning DTypePromotionError ModuleDeprecationWarning RankWarning"
    " TooHardError VisibleDeprecationWarning",
    "numpy.linalg": "LinAlgError",
    "numpy.ma": "MAError MaskError",
    "pandas._libs.tslibs.parsing": "DateParseError",
    "pandas.errors": "AbstractMethodError CSSWarning CategoricalConversionWarning ChainedAssignmentError"
    " ClosedFileError DataError DatabaseError DtypeWarning DuplicateLabelError EmptyDataError"
    " IncompatibilityWarning IncompatibleFrequency IndexingError IntCastingNaNError InvalidColumnName"
    " InvalidComparison InvalidIndexError InvalidVersion LossySetitemError MergeError NoBufferPresent"
    " NullFrequencyError NumExprClobberingError NumbaUtilError OptionError OutOfBoundsDatetime"
    " OutOfBoundsTimedelta ParserError ParserWarning PerformanceWarning PossibleDataLossError"
    " PossiblePrecisionLoss SpecificationError UndefinedVariableError UnsortedIndexError"
    " UnsupportedFunctionCall ValueLabelTypeMismatch",
    "pickle": "PickleError PicklingError UnpicklingError",
    "queue": "Empty Full",
    "re": "PatternError error",
    "scipy.integrate": "IntegrationWarning ODEintWarning",
    "scipy.linalg": "LinAlgWarning",
    "scipy.optimize": "NoConvergence OptimizeWarning",
    "scipy.optimize._optimize": "BracketError",
    "scipy.signal": "BadCoefficients",
    "scipy.sparse": "SparseEfficiencyWarning SparseWarning",
    "scipy.sparse.linalg": "ArpackError ArpackNoConvergence MatrixRankWarning",
    "scipy.spatial": "QhullError",
    "scipy.special": "SpecialFunctionError SpecialFunctionWarning",
    "scipy.stats": "ConstantInputWarning DegenerateDataWarning FitError NearConstantInputWarning",
    "shutil": "Error SameFileError",
    "sklearn.exceptions": "ConvergenceWarning DataConversionWarning DataDimensionalityWarning"
    " EfficiencyWarning FitFailedWarning InconsistentVersionWarning NotFittedError PositiveSpectrumWarning"
    " UndefinedMetricWarning UnsetMetadataPassedError",
    "sklearn.utils._param_validation": "InvalidParameterError",
    "sqlite3": "DataError DatabaseError Error IntegrityError InterfaceError InternalError NotSupportedError"
    " OperationalError ProgrammingError Warning",
    "statistics": "StatisticsError",
    "statsmodels.tools.sm_exceptions": "CollinearityWarning ConvergenceWarning DomainWarning"
    " EstimationWarning HessianInversionWarning InfeasibleTestError InterpolationWarning InvalidTestWarning"
    " IterationLimitWarning MissingDataError ModelWarning ParseError PerfectSeparationError"
    " PerfectSeparationWarning PrecisionWarning SingularMatrixWarning SpecificationWarning ValueWarning",
    "struct": "error",
    "tomllib": "TOMLDecodeError",
    "xml.dom": "DOMException DomstringSizeErr HierarchyRequestErr IndexSizeErr InvalidCharacterErr"
    " InvalidStateErr NamespaceErr NotFoundErr SyntaxErr",
    "xml.etree.ElementTree": "ParseError",
    "xml.parsers.expat": "ExpatError",
    "xml.sax": "SAXException SAXNotRecognizedException SAXNotSupportedException",
    "zipfile": "BadZipFile LargeZipFile",
    "zlib": "error",
    "zoneinfo": "ZoneInfoNotFoundError",
}
TABLES = {
    "scipy._lib._util": "_RichResult",
    "scipy.integrate._bvp": "BVPResult",
    "scipy.integrate._ivp.ivp": "OdeResult",
    "scipy.optimize": "OptimizeResult RootResults",
    "sklearn.utils": "Bunch",
    "statsmodels.tools.tools": "Bunch",
}
"""Subclasses of dict."""
RECORDS = {
    "scipy.integrate._cubature": "CubatureRegion CubatureResult",
    "scipy.stats._hypotests": "BarnardExactResult BoschlooExactResult SomersDResult",
    "scipy.stats._multicomp": "DunnettResult",
    "scipy.stats._page_trend_test": "PageTrendTestResult",
    "scipy.stats._relative_risk": "RelativeRiskResult",
    "scipy.stats._resampling": "BootstrapMethod BootstrapResult MonteCarloMethod MonteCarloTestResult"
    " PermutationMethod PermutationTestResult PowerResult",
    "scipy.stats._sensitivity_analysis": "BootstrapSobolResult SobolResult",
    "scipy.stats._stats_py": "AlexanderGovernResult QuantileTestResult",
    "scipy.stats._survival": "ECDFResult EmpiricalDistributionFunction LogRankResult",
    "sklearn._loss.link": "Interval",
}
"""Dataclasses."""
NAMED = {
    "numpy.lib._arraysetops_impl": "UniqueAllResult UniqueCountsResult UniqueInverseResult",
    "numpy.linalg._linalg": "EigResult EighResult QRResult SVDResult SlogdetResult",
    "scipy.integrate._quadrature": "QMCQuadResult",
    "scipy.stats._binned_statistic": "BinnedStatistic2dResult BinnedStatisticResult BinnedStatisticddResult",
    "scipy.stats._common": "ConfidenceInterval",
    "scipy.stats._crosstab": "CrosstabResult",
    "scipy.stats._fit": "GoodnessOfFitResult",
    "scipy.stats._hypotests": "Epps_Singleton_2sampResult",
    "scipy.stats._mannwhitneyu": "MannwhitneyuResult",
    "scipy.stats._mgc": "MGCResult",
    "scipy.stats._morestats": "AndersonResult Anderson_ksampResult AnsariResult BartlettResult FlignerResult"
    " LeveneResult Mean MedianTestResult ShapiroResult Std_dev Variance WilcoxonResult",
    "scipy.stats._mstats_basic": "BrunnerMunzelResult DescribeResult F_onewayResult FriedmanchisquareResult"
    " KruskalResult KurtosistestResult MannwhitneyuResult ModeResult NormaltestResult PointbiserialrResult"
    " SenSeasonalSlopesResult SkewtestResult Ttest_1sampResult Ttest_indResult Ttest_relResult",
    "scipy.stats._stats_mstats_common": "SiegelslopesResult TheilslopesResult",
    "scipy.stats._stats_py": "BrunnerMunzelResult ConfidenceInterval CumfreqResult DescribeResult"
    " F_onewayResult FriedmanchisquareResult HistogramResult KruskalResult KstestResult KurtosistestResult"
    " LinregressResult ModeResult NormaltestResult PearsonRResult PearsonRResultBase Power_divergenceResult"
    " RanksumsResult RelfreqResult SigmaclipResult SignificanceResult SkewtestResult TtestResult"
    " TtestResultBase Ttest_indResult",
    "scipy.stats.contingency": "Chi2ContingencyResult",
    "sklearn.gaussian_process.kernels": "Hyperparameter",
    "sklearn.impute._iterative": "_ImputerTriplet",
}
"""Tuples with names for their items. What isn't here is made anew, with the same names."""
LOSSES = {
    "sklearn._loss._loss": "CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss"
    " CyHalfMultinomialLoss CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss"
    " CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss",
    "sklearn.linear_model._sgd_fast": "EpsilonInsensitive Hinge ModifiedHuber SquaredEpsilonInsensitive"
    " SquaredHinge",
}
TYPES = {
    "builtins": "bool float int object str",
    "numpy": "bool_ complex128 complex64 float16 float32 float64 int16 int32 int64 int8 object_ str_ uint16"
    " uint32 uint64 uint8",
}
"""Types that are values, as the `dtype` of an encoder."""
_POOLS = "max mean median min prod std sum var"
_STEPS = "absolute cbrt exp exp2 expm1 log log10 log1p log2 sign sqrt square tanh"
_SCORES = "chi2 f_classif f_regression mutual_info_classif mutual_info_regression r_regression"
FUNCTIONS = {
    "func": {"numpy": _STEPS},
    "inverse_func": {"numpy": _STEPS},
    "pooling_func": {"numpy": _POOLS},
    "score_func": {"sklearn.feature_selection": _SCORES},
}
"""Field of an estimator → the functions that it may be."""
ESTIMATORS = {
    "sklearn._loss.link": "HalfLogitLink IdentityLink LogLink LogitLink MultinomialLogit",
    "sklearn._loss.loss": "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss"
    " HalfPoissonLoss HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss PinballLoss",
    "sklearn.calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration",
    "sklearn.cluster": "AffinityPropagation AgglomerativeClustering DBSCAN FeatureAgglomeration KMeans"
    " MeanShift MiniBatchKMeans OPTICS SpectralBiclustering SpectralClustering SpectralCoclustering",
    "sklearn.compose": "ColumnTransformer TransformedTargetRegressor",
    "sklearn.covariance": "EllipticEnvelope EmpiricalCovariance GraphicalLasso GraphicalLassoCV LedoitWolf"
    " MinCovDet OAS ShrunkCovariance",
    "sklearn.cross_decomposition": "CCA PLSCanonical PLSRegression PLSSVD",
    "sklearn.decomposition": "DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA"
    " LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA NMF PCA"
    " SparseCoder SparsePCA TruncatedSVD",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble": "AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor"
    " ExtraTreesClassifier ExtraTreesRegressor GradientBoostingClassifier GradientBoostingRegressor"
    " HistGradientBoostingClassifier HistGradientBoostingRegressor IsolationForest RandomForestClassifier"
    " RandomForestRegressor StackingClassifier StackingRegressor VotingClassifier VotingRegressor",
    "sklearn.ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.feature_extraction": "DictVectorizer FeatureHasher",
    "sklearn.feature_extraction.image": "PatchExtractor",
    "sklearn.feature_extraction.text": "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer",
    "sklearn.feature_selection": "GenericUnivariateSelect RFE RFECV SelectFdr SelectFpr SelectFromModel"
    " SelectFwe SelectKBest SelectPercentile SequentialFeatureSelector VarianceThreshold",
    "sklearn.frozen": "FrozenEstimator",
    "sklearn.gaussian_process": "GaussianProcessClassifier GaussianProcessRegressor",
    "sklearn.gaussian_process._gpc": "_BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels": "CompoundKernel ConstantKernel DotProduct ExpSineSquared"
    " Exponentiation Matern PairwiseKernel Product RBF RationalQuadratic Sum WhiteKernel",
    "sklearn.impute": "KNNImputer MissingIndicator SimpleImputer",
    "sklearn.impute._iterative": "IterativeImputer",
    "sklearn.kernel_approximation": "AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler"
    " SkewedChi2Sampler",
    "sklearn.kernel_ridge": "KernelRidge",
    "sklearn.linear_model": "ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor"
    " HuberRegressor Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression"
    " LogisticRegression LogisticRegressionCV MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso"
    " MultiTaskLassoCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV"
    " PassiveAggressiveClassifier PassiveAggressiveRegressor Perceptron PoissonRegressor"
    " QuantileRegressor RANSACRegressor Ridge RidgeCV RidgeClassifier RidgeClassifierCV SGDClassifier"
    " SGDOneClassSVM SGDRegressor TheilSenRegressor TweedieRegressor",
    "sklearn.manifold": "ClassicalMDS Isomap LocallyLinearEmbedding MDS SpectralEmbedding TSNE",
    "sklearn.metrics._scorer": "_PassthroughScorer",
    "sklearn.mixture": "BayesianGaussianMixture GaussianMixture",
    "sklearn.model_selection": "FixedThresholdClassifier GridSearchCV GroupKFold GroupShuffleSplit"
    " KFold LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut"
    " PredefinedSplit RandomizedSearchCV RepeatedKFold RepeatedStratifiedKFold ShuffleSplit"
    " StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit TunedThresholdClassifierCV",
    "sklearn.model_selection._search_successive_halving": "HalvingGridSearchCV HalvingRandomSearchCV",
    "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier",
    "sklearn.multioutput": "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain",
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors": "KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer KernelDensity"
    " LocalOutlierFactor NearestCentroid NearestNeighbors NeighborhoodComponentsAnalysis"
    " RadiusNeighborsClassifier RadiusNeighborsRegressor RadiusNeighborsTransformer",
    "sklearn.neural_network": "BernoulliRBM MLPClassifier MLPRegressor",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing": "Binarizer FunctionTransformer KBinsDiscretizer KernelCenterer LabelBinarizer"
    " LabelEncoder MaxAbsScaler MinMaxScaler MultiLabelBinarizer Normalizer OneHotEncoder OrdinalEncoder"
    " PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler StandardScaler TargetEncoder",
    "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
    "sklearn.semi_supervised": "LabelPropagation LabelSpreading SelfTrainingClassifier",
    "sklearn.svm": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "sklearn.tree": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
}
"""Of scikit-learn, as their fields (estimators.py). What holds others has each of them pass the same door."""
MAX_THREADS = 64
"""That a result may ask for, of threads or processes."""
METRICS = ("euclidean", "manhattan", "chebyshev")
"""Of trees of neighbours, besides minkowski."""
NUMBERS = (
    "bool", "int", "float", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64",
)  # fmt: skip
"""What a matrix of numbers may hold."""
ENCODINGS = frozenset(
    ["utf-8", "utf8", "latin-1", "latin1", "iso-8859-1", "ascii", "cp1252", "utf-16", "utf-32"]
)
KERNELS = ("linear", "poly", "rbf", "sigmoid")
"""The others are a function, or rows of the training set."""
_BEFORE = {("re", "PatternError"): "error"}
"""Names of before Python 3.13."""


def find(table: dict[str, str], module: Any, name: Any, base: type) -> Any:
    """The class that `table` lists so. Raises ValueError for what it doesn't list, TypeError or LookupError
    where the library has something else or nothing of that name, ImportError without the library."""
    if type(module) is not str or type(name) is not str or name not in table.get(module, "").split():
        raise ValueError("a class that may not come back")
    home = vars(importlib.import_module(module))
    found = home[name] if name in home else home[_BEFORE[module, name]]
    if not isinstance(found, type) or not issubclass(found, base) or "." in found.__qualname__:
        raise TypeError("another kind of class")
    return found


def type_of(module: Any, name: Any) -> Any:
    """The type that stands as a value by this name. Raises as `find`."""
    return find(TYPES, module, name, object)


def function(field: Any, module: Any, name: Any) -> Any:
    """The function that may be this field. Raises as `find`."""
    if (
        type(module) is not str
        or type(name) is not str
        or name not in FUNCTIONS[field].get(module, "").split()
    ):
        raise ValueError("a function that may not come back")
    found = vars(importlib.import_module(module))[name]
    if not callable(found) or isinstance(found, type):
        raise TypeError("no function")
    return found


_UNIT = "(s|ms|us|ns)"
_ZONE = r"(UTC([+-]\d\d:\d\d)?|[A-Z][A-Za-z0-9_+-]{0,31}(/[A-Z][A-Za-z0-9_+-]{0,31}){0,2})"
DTYPE = re.compile(
    r"str|string|U?Int(8|16|32|64)|Float(32|64)|boolean"
    rf"|datetime64\[{_UNIT}, {_ZONE}\]|period\[-?[0-9]{{0,4}}[A-Za-z]{{1,4}}(-[A-Za-z]{{3}})?\]"
    rf"|interval\[(int64|float64|datetime64\[{_UNIT}\]), (left|right|both|neither)\]"
)
"""Types of pandas' columns, by their names; those of categories have none."""
