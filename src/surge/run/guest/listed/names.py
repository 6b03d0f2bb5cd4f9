# mypy: ignore-errors
"""The lists of model/tagged/names.py and estimators.py, as the guest has them; a test pins them."""

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
TYPES = {
    "builtins": "bool float int object str",
    "numpy": "bool_ complex128 complex64 float16 float32 float64 int16 int32 int64 int8 object_ str_ uint16"
    " uint32 uint64 uint8",
}
_POOLS = "max mean median min prod std sum var"
_STEPS = "absolute cbrt exp exp2 expm1 log log10 log1p log2 sign sqrt square tanh"
_SCORES = "chi2 f_classif f_regression mutual_info_classif mutual_info_regression r_regression"
FUNCTIONS = {
    "func": {"numpy": _STEPS},
    "inverse_func": {"numpy": _STEPS},
    "pooling_func": {"numpy": _POOLS},
    "score_func": {"sklearn.feature_selection": _SCORES},
}
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
