"""The classes of libraries that a result may name: exactly these, each by the module that shows it.

A provider chooses the name, so that nothing but what stands here is ever imported or looked up for it.
The guest's copy of these tables (surge/run/guest/listed/names.py) is pinned to them by a test.
"""

import importlib
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
